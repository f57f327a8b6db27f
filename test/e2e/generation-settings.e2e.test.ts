import type { Room } from '@gemini-chat/client';
import { signUpAndLogIn } from '../support/login.js';
import { callsFor, openRoom, outcome, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';

/** What the plan of these people allows. */
const MAX_OUTPUT_TOKENS = 500;

let stack: Stack;
beforeAll(async () => {
  const PLANS_FILE = plansFile(({ plans }) => (plans.basic.maxOutputTokens = MAX_OUTPUT_TOKENS));
  stack = await startStack({ env: { PLANS_FILE } });
}, 120_000);
afterAll(() => stack?.stop());

/** How the model was asked for the answer to a message in a room with these settings. */
async function askedFor(settings: object, change: object, prompt: string): Promise<unknown> {
  const { http } = await signUpAndLogIn(stack.http);
  const room = await openRoom(http, settings);
  expect((await http.patch<Room>(`/chatroom/${room}`, change)).body).toMatchObject(change);
  const { reply } = await send(http, room, prompt);
  expect((await outcome(http, reply)).completedAt).not.toBeNull();
  return (await callsFor(stack, prompt))[0]?.generationConfig;
}

describe("a room's settings", () => {
  it("reach the model, but not beyond the plan's limit", async () => {
    const settings = { thinking: 'high', temperature: 0.25, maxOutputTokens: 100 };
    expect(await askedFor(settings, { temperature: 1.5 }, 'As it was set')).toEqual({
      maxOutputTokens: 100,
      temperature: 1.5,
      thinkingConfig: { thinkingLevel: 'HIGH' },
    });
    expect(await askedFor({ maxOutputTokens: 100_000 }, { thinking: 'low' }, 'As far as allowed')).toEqual({
      maxOutputTokens: MAX_OUTPUT_TOKENS,
      thinkingConfig: { thinkingLevel: 'LOW' },
    });
  });

  it('leave everything to the model where they are taken back', async () => {
    const settings = { thinking: 'low', temperature: 0, maxOutputTokens: 7 };
    const nothing = { thinking: null, temperature: null, maxOutputTokens: null };
    expect(await askedFor(settings, nothing, 'As you like')).toEqual({ maxOutputTokens: MAX_OUTPUT_TOKENS });
  });
});
