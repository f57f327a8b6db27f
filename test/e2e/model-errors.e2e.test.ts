import { eventually } from '../support/eventually.js';
import { signUpAndLogIn } from '../support/login.js';
import { type Behaviour, callsFor, openRoom, outcome, quotaOf, read, script, send } from '../support/messages.js';
import { plansFile } from '../support/plans-file.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

/** A model on offer that the vendor has retired, and one that it has. */
const [RETIRED, OWN] = ['gemini-1.5-pro', 'gemini-2.5-flash'];

let stack: Stack;

beforeAll(async () => {
  const catalogue = plansFile(({ models, plans: { basic, pro } }) => {
    for (const model of [RETIRED, OWN]) models[model] = { label: model };
    for (const plan of [basic, pro]) plan.models.push(RETIRED, OWN);
    basic.maxOutputTokens = 100;
  });
  // A worker that is held up must not lose a lease: that would be one more call.
  const env = { PLANS_FILE: catalogue, REPLY_MAX_ATTEMPTS: '2', REPLY_LEASE_MS: '60000' };
  ({ stack } = await startReplyStack({ env }));
}, 120_000);
afterAll(() => stack?.stop());

/** The worker's lines of this level that speak of models. */
const logged = (level: string): string[] =>
  stack.worker().log.filter((line) => line.includes(`"level":"${level}"`) && /model/i.test(line));

/** Sends one message of a new user whose room has this model, and returns what came of it. */
async function ask(prompt: string, model: string | null, behaviours: Behaviour[] = []) {
  const { http } = await signUpAndLogIn(stack.http);
  if (behaviours.length > 0) await script(stack, prompt, behaviours);
  const { reply } = await send(http, await openRoom(http, { model }), prompt);
  const final = await outcome(http, reply);
  return { final, used: (await quotaOf(http)).used, calls: await callsFor(stack, prompt) };
}

describe('a model that does not exist', () => {
  it.each([
    ['of a room, retired', RETIRED, []],
    ['of a room, by its answer', OWN, [{ type: '404' }]],
  ])('%s, is the affair of the room and alarms no operator', async (name, model, behaviours) => {
    const before = logged('error').length;
    const { final, used, calls } = await ask(`The model ${name}`, model, behaviours);
    expect(final).toMatchObject({ status: 'failed', content: '', error: { code: 'model_not_available' } });
    expect({ used, calls: calls.length }).toEqual({ used: 0, calls: 1 });
    expect(calls[0]!.model).toBe(model);
    expect(logged('error').slice(before)).toEqual([]);
    expect(logged('warn').filter((line) => line.includes(model))).toEqual([]);
  });

  it('of the deployment is the trouble of the operator, also where the room names it', async () => {
    for (const [index, model] of [null, 'gemini-flash-latest'].entries()) {
      const { final, used } = await ask(`The default model ${index}`, model, [{ type: '404' }]);
      expect(final).toMatchObject({ status: 'failed', error: { code: 'model_misconfigured' } });
      expect(used).toBe(0);
    }
    await eventually(() => logged('error').filter((line) => line.includes('HTTP 404')).length === 2);
  });
});

describe('billing and region', () => {
  it.each(['402', 'precondition'])(
    '(%s) are the trouble of the operator, also in a room of another model',
    async (type) => {
      const { final, used } = await ask(`Refused by ${type}`, OWN, [{ type }]);
      expect(final).toMatchObject({ status: 'failed', error: { code: 'model_misconfigured' } });
      expect(used).toBe(0);
      await eventually(() => logged('error').some((line) => line.includes(type === '402' ? 'HTTP 402' : 'region')));
    },
  );
});

describe('a call that was aborted or cancelled at the vendor', () => {
  it.each(['409', '499'])('(%s) is made again', async (type) => {
    const { final, calls } = await ask(`Passing ${type}`, null, [{ type }, { type: 'answer' }]);
    expect(final.status).toBe('completed');
    expect(calls).toHaveLength(2);
  });
});

describe('the length of an answer', () => {
  it("is the plan's, and the model is told", async () => {
    const { final, calls } = await ask('A long one', null, [{ type: 'answer', text: 'word '.repeat(100) }]);
    expect(calls[0]!.generationConfig).toEqual({ maxOutputTokens: 100 });
    expect(final).toMatchObject({
      status: 'failed',
      content: 'word '.repeat(80),
      finishReason: 'MAX_TOKENS',
      error: { code: 'reply_truncated' },
    });
  });

  it('has no text where the thoughts need it all', async () => {
    const { final, used } = await ask('A thoughtful one', null, [{ type: 'thoughts', thoughtTokens: 200 }]);
    expect(final).toMatchObject({
      status: 'failed',
      content: '',
      usage: { thoughtTokens: 100, replyTokens: 0 },
      error: { code: 'reply_empty' },
    });
    expect(used).toBe(0);
  });
});

describe('what an answer used', () => {
  it('is told with thoughts and what was cached', async () => {
    const behaviour = { type: 'thoughts', text: 'Plainly.', cachedTokens: 2, thoughtTokens: 30 };
    const { final } = await ask('12345678901234567890', null, [behaviour]);
    expect(final.usage).toEqual({ promptTokens: 5, cachedTokens: 2, thoughtTokens: 30, replyTokens: 2 });
  });

  it('is told of an answer that was stopped, as far as the vendor told it', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    await script(stack, 'Stop me', [{ type: 'thoughts', text: 'word '.repeat(76), chunkSize: 4, tokensPerSecond: 3 }]);
    const { reply } = await send(http, await openRoom(http), 'Stop me');
    await eventually(async () => (await read(http, reply)).content !== '');
    await http.post(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);
    const final = await outcome(http, reply);
    expect(final).toMatchObject({ status: 'cancelled', usage: { promptTokens: 2, cachedTokens: 0, thoughtTokens: 4 } });
    expect(final.usage!.replyTokens).toBe(final.content.length / 4);
  });
});
