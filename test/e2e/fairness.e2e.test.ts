import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import { callsFor, type Message, type ModelCall, openRoom, outcome, read, script, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

/** What the shipped catalogue allows at once. */
const BASIC = 2;
const PRO = 5;

const openRooms = (http: HttpClient, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => openRoom(http)));

/** The most calls that were open at the same time. */
function mostAtOnce(calls: ModelCall[]): number {
  const changes = calls
    .flatMap(({ receivedAt, endedAt }) => [
      { at: Date.parse(receivedAt), by: 1 },
      { at: endedAt === null ? Number.POSITIVE_INFINITY : Date.parse(endedAt), by: -1 },
    ])
    // An end and a beginning in the same millisecond are one after the other.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let open = 0;
  return Math.max(0, ...changes.map(({ by }) => (open += by)));
}

/** Waits until what is expected holds. */
const expectSoon = (expectation: () => Promise<void>): Promise<boolean> =>
  eventually(() => expectation().then(() => true));

const openCalls = (calls: ModelCall[]): number => calls.filter((call) => call.outcome === 'open').length;

const finished = (replies: Message[]): number => replies.filter(({ completedAt }) => completedAt !== null).length;

describe('with two workers of fifty places each', () => {
  let stack: Stack;

  beforeAll(async () => {
    const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', BASIC_DAILY_MESSAGES: '1000' };
    stack = await startStack({ apis: 2, workers: 2, env });
  }, 120_000);
  afterAll(() => stack?.stop());

  it.each([
    ['Basic', BASIC, () => signUpAndLogIn(stack.http)],
    ['Pro', PRO, () => proUser(stack)],
  ])(
    '200 parallel messages of a user on %s are answered %i at a time',
    async (plan, limit, person) => {
      const { http } = await person();
      const rooms = await openRooms(http, 20);
      const content = `All at once on ${plan}`;
      await script(stack, content, [{ type: 'answer', latencyMs: 30 }]);
      // The first answers take long, since whether short ones overlap is up to the machine.
      const lasting = Array.from({ length: limit }, () => ({ type: 'answer', latencyMs: 3_000 }) as const);
      await script(stack, content, lasting, 1);
      const sent = await Promise.all(Array.from({ length: 200 }, (_, i) => send(http, rooms[i % 20]!, content)));
      const replies = await Promise.all(sent.map(({ reply }) => outcome(http, reply, 60_000)));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set(['completed']));
      const calls = await callsFor(stack, content);
      expect(calls).toHaveLength(200);
      expect(mostAtOnce(calls)).toBe(limit);
    },
    90_000,
  );

  it('ten Basic users with five endless replies each keep no one waiting', async () => {
    const endless = 'Endless [[behaviour:answer tokensPerSecond=1]]';
    const crowd = await Promise.all(Array.from({ length: 10 }, () => signUpAndLogIn(stack.http)));
    const sent = await Promise.all(
      crowd.map(async ({ http }) => {
        const rooms = await openRooms(http, 5);
        return Promise.all(rooms.map((room) => send(http, room, endless)));
      }),
    );
    await expectSoon(async () => expect(openCalls(await callsFor(stack, endless))).toBe(10 * BASIC));

    const { http } = await signUpAndLogIn(stack.http);
    const { reply } = await send(http, await openRoom(http), 'What about me?');
    expect((await outcome(http, reply)).status).toBe('completed');
    const now = await Promise.all(sent.flatMap((of, i) => of.map(({ reply: theirs }) => read(crowd[i]!.http, theirs))));
    expect(finished(now)).toBe(0);
    expect(openCalls(await callsFor(stack, endless))).toBe(10 * BASIC);
    await Promise.all(
      sent.flatMap((of, i) =>
        of.map(({ reply: theirs }) =>
          crowd[i]!.http.post(`/chatroom/${theirs.chatroomId}/message/${theirs.id}/cancel`),
        ),
      ),
    );
  }, 60_000);

  it('the next reply of a user starts when one ends', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const content = 'One after the other';
    await script(stack, content, [{ type: 'answer', latencyMs: 200 }]);
    const rooms = await openRooms(http, 12);
    const sent = await Promise.all(rooms.map((room) => send(http, room, content)));
    await Promise.all(sent.map(({ reply }) => outcome(http, reply)));
    const calls = await callsFor(stack, content);
    const begun = calls.map(({ receivedAt }) => Date.parse(receivedAt)).sort((a, b) => a - b);
    const ended = calls.map(({ endedAt }) => Date.parse(endedAt!)).sort((a, b) => a - b);
    // Each call but the first two begins right after an end: long before a sweep, which comes after two seconds.
    const gaps = begun.slice(BASIC).map((time, i) => time - ended[i]!);
    expect(Math.max(...gaps)).toBeLessThan(1_000);
  }, 60_000);
});

describe('with one worker that writes one reply at a time', () => {
  let stack: Stack;

  beforeAll(async () => {
    const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', WORKER_CONCURRENCY: '1' };
    stack = await startStack({ env });
  }, 120_000);
  afterAll(() => stack?.stop());

  it('500 queued replies of one user delay another by no more than one model call', async () => {
    const [busy, other] = [await proUser(stack), await proUser(stack)];
    const content = 'One of five hundred';
    await script(stack, content, [{ type: 'answer', latencyMs: 150 }]);
    const rooms = await openRooms(busy.http, 50);
    await Promise.all(
      rooms.map(async (room) => {
        for (let i = 0; i < 10; i++) await send(busy.http, room, content);
      }),
    );
    for (let round = 0; round < 5; round++) {
      const single = `A single message ${round}`;
      const room = await openRoom(other.http);
      const { reply } = await send(other.http, room, single);
      const accepted = Date.now();
      expect((await outcome(other.http, reply)).status).toBe('completed');
      const [mine] = await callsFor(stack, single);
      const between = (await callsFor(stack, content)).filter(
        ({ receivedAt }) => Date.parse(receivedAt) > accepted && Date.parse(receivedAt) < Date.parse(mine!.receivedAt),
      );
      expect(between.length).toBeLessThanOrEqual(1);
    }
    // They have not been answered yet, or the rounds would show nothing.
    expect((await callsFor(stack, content)).length).toBeLessThan(400);
  }, 90_000);
});
