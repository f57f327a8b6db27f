import { REPLY_QUEUE } from '@app/contracts';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import type { Answer, HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import {
  type Accepted,
  callsFor,
  type Message,
  openRoom,
  outcome,
  quotaOf,
  read,
  script,
  send,
} from '../support/messages.js';
import { proUser, startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

let stack: Stack;

beforeAll(async () => {
  // Only the quota is to refuse requests here, not the rate limit. The lease outlasts a pause of the machine: a worker that lives asks
  // the model once.
  const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', REPLY_LEASE_MS: '6000' };
  await dayWithTimeLeft(240_000);
  ({ stack } = await startReplyStack({ apis: 2, env }));
}, 400_000);
afterAll(() => stack?.stop());

const openRooms = (http: HttpClient, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => openRoom(http)));

/** The sandbox's answers to a conversation of these messages. */
const answersTo = (contents: string[]): string[] =>
  contents.map((content, i) => `Turn ${i + 1}. You said: "${content}".`);

describe('the daily quota of five messages', () => {
  type Body = Accepted & { status: number; code: string };

  /** Sends 200 messages at once. Replicas, rooms and contents take turns. */
  const send200 = (http: HttpClient, rooms: string[], contents: string[]): Promise<Answer<Body>[]> =>
    Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const content = contents[i % contents.length];
        return http.at(stack.api(i % 2).url).post<Body>(`/chatroom/${rooms[i % rooms.length]}/message`, { content });
      }),
    );
  const accepted = (answers: Answer<Body>[]): Answer<Body>[] => answers.filter(({ status }) => status === 202);
  const secondsToMidnight = (): number => Math.ceil((new Date().setUTCHours(24, 0, 0, 0) - Date.now()) / 1_000);

  it('accepts five of 200 parallel sends, and every answer tells what is left until midnight', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const longest = secondsToMidnight();
    const answers = await send200(http, [room], ['Hi']);
    const shortest = secondsToMidnight();
    const untilMidnight = (seconds: number): boolean => seconds >= shortest && seconds <= longest;

    const left = accepted(answers).map(({ headers }) => {
      expect(headers.get('ratelimit-policy')).toMatch(/^"daily-messages";q=5;w=86400, /);
      const [, remaining, seconds] = /^"daily-messages";r=(\d);t=(\d+), /.exec(headers.get('ratelimit')!)!;
      expect(untilMidnight(Number(seconds))).toBe(true);
      return remaining;
    });
    expect(left.sort()).toEqual(['0', '1', '2', '3', '4']);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).toHaveLength(195);
    for (const { status, headers, body } of refused) {
      expect([status, body.status, body.code]).toEqual([429, 429, 'daily_quota_exceeded']);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(headers.get('ratelimit-policy')).toBe('"daily-messages";q=5;w=86400');
      const wait = headers.get('retry-after')!;
      expect(headers.get('ratelimit')).toBe(`"daily-messages";r=0;t=${wait}`);
      expect(untilMidnight(Number(wait))).toBe(true);
    }
    expect(await answered(http, room)).toHaveLength(10);
    expect(await quotaOf(http)).toMatchObject({ limit: 5, used: 5, remaining: 0 });
  });

  it('stays exact when replies without an answer are refunded during parallel sends', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const rooms = await openRooms(http, 20);
    const [blocked, ...failed] = ['prompt_blocked', '403', 'empty', 'max_tokens_empty'].map(
      (type) => `Hi [[behaviour:${type}]]`,
    );
    const outcomes: Message[] = [];
    const kept = (): number => outcomes.filter(({ status }) => status === 'completed').length;

    // Whichever are accepted, each outcome is among them.
    for (const contents of [[blocked!], failed, [blocked!, ...failed, 'Hi'], ['Hi']]) {
      const answers = accepted(await send200(http, rooms, contents));
      outcomes.push(...(await Promise.all(answers.map(({ body }) => outcome(http, body.reply)))));
      expect(await quotaOf(http)).toMatchObject({ used: kept(), remaining: 5 - kept() });
    }
    // All of the first two were refunded and none of the last, which used up the quota.
    expect(kept()).toBe(5);
    expect(outcomes.length).toBeGreaterThanOrEqual(15);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['completed', 'failed', 'blocked']));
  }, 60_000);
});

describe('one worker', () => {
  it('answers fifty rooms at the same time, not one after the other, when the model takes its time', async () => {
    const { http } = await proUser(stack);
    const rooms = await openRooms(http, 50);
    await script(stack, 'Take your time', [{ type: 'answer', latencyMs: 7_000 }]);
    // The worker is frozen, so that all fifty are waiting when it goes on.
    await stack.worker().kill('SIGSTOP');
    const sent = await Promise.all(rooms.map((room) => send(http, room, 'Take your time')));
    const begun = Date.now();
    await stack.worker().kill('SIGCONT');
    const replies = await Promise.all(sent.map(({ reply }) => outcome(http, reply, 60_000)));

    expect(replies.map(({ status }) => status)).toEqual(Array(50).fill('completed'));
    const waits = replies.map(({ completedAt }) => Date.parse(completedAt!) - begun);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(7_000);
    // The model was asked for the last before it had answered any, however long the machine took for either.
    const calls = await callsFor(stack, 'Take your time');
    const lastBegun = Math.max(...calls.map(({ receivedAt }) => Date.parse(receivedAt)));
    expect(lastBegun).toBeLessThan(Math.min(...calls.map(({ endedAt }) => Date.parse(endedAt!))));
  }, 90_000);

  it('that is killed and started again answers what it was writing and what was waiting', async () => {
    const { http } = await proUser(stack);
    const rooms = await openRooms(http, 10);
    const [busy] = rooms;
    await script(stack, 'Never end', [{ type: 'hang' }], 1);
    await send(http, busy!, 'Never end');
    await eventually(async () => (await callsFor(stack, 'Never end')).length > 0);
    await stack.worker().kill('SIGKILL');
    for (const content of ['while it is dead', 'and again']) {
      await Promise.all(rooms.map((room) => send(http, room, content)));
    }
    await stack.worker().restart();

    for (const room of rooms) {
      const contents = [...(room === busy ? ['Never end'] : []), 'while it is dead', 'and again'];
      expect(repliesIn(await answered(http, room))).toEqual(answersTo(contents));
    }
    expect((await quotaOf(http)).used).toBe(21);
  }, 90_000);
});

describe('a Redis that loses all data', () => {
  it('while fifty replies are written and 500 are queued delays them by less than thirty seconds', async () => {
    const { http } = await proUser(stack);
    const rooms = await openRooms(http, 50);
    const [written, ...queued] = Array.from({ length: 11 }, (_, i) => `Before the flush ${i}`);
    await script(stack, written!, [{ type: 'answer', latencyMs: 4_000 }]);
    await Promise.all(rooms.map((room) => send(http, room, written!)));
    await eventually(async () => (await callsFor(stack, written!)).length >= 50);
    // The worker is frozen, so that none of the others is answered before all are accepted.
    await stack.worker().kill('SIGSTOP');
    await Promise.all(rooms.map((room) => sendInOrder(http, room, queued)));
    await flushRedis(500);
    const flushed = Date.now();
    await stack.worker().kill('SIGCONT');

    for (const room of rooms) {
      const messages = await answered(http, room, flushed + 30_000 - Date.now());
      expect(repliesIn(messages)).toEqual(answersTo([written!, ...queued]));
    }
    expect((await quotaOf(http)).used).toBe(550);
  }, 90_000);

  async function sendInOrder(http: HttpClient, room: string, contents: string[]): Promise<void> {
    for (const content of contents) await send(http, room, content);
  }

  /** @param jobs how many have to be waiting before the flush */
  async function flushRedis(jobs: number): Promise<void> {
    const redis = new Redis(stack.redis);
    try {
      // Jobs of users whose others wait have a low priority, and a set of their own.
      const queue = `{bull}:${REPLY_QUEUE.queue}`;
      const waiting = async () => (await redis.llen(`${queue}:wait`)) + (await redis.zcard(`${queue}:prioritized`));
      await eventually(async () => (await waiting()) >= jobs);
      await redis.flushdb();
    } finally {
      redis.disconnect();
    }
  }
});

describe('a reply whose worker dies three times before its outcome and once after it', () => {
  it('has one outcome, which is stored and paid once', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const worker = stack.worker();
    await worker.kill('SIGKILL');
    const { reply } = await send(http, room, 'Die of me');
    for (const point of ['claimed', 'first-token', 'answered', 'finished']) {
      await worker.relaunch({ CRASH_POINT: point });
      expect((await worker.ended).signal).toBe('SIGKILL');
    }
    const stored = await read(http, reply);
    await worker.restart({ CRASH_POINT: '' });

    expect(stored).toMatchObject({ status: 'completed', content: 'Turn 1. You said: "Die of me".' });
    // The room goes on, and nothing that the dead workers left behind changes the outcome.
    await send(http, room, 'And now?');
    expect(repliesIn(await answered(http, room))).toEqual(answersTo(['Die of me', 'And now?']));
    expect(await read(http, reply)).toEqual(stored);
    // At the first point the model had not been called yet; after the outcome it isn't called again.
    expect(await callsFor(stack, 'Die of me')).toHaveLength(3);
    expect((await quotaOf(http)).used).toBe(2);
  }, 120_000);
});

/** The room's messages, once each reply has its final state. */
async function answered(http: HttpClient, room: string, withinMs = 30_000): Promise<Message[]> {
  const finished = async (): Promise<Message[]> => {
    const { messages } = (await http.get<{ messages: Message[] }>(`/chatroom/${room}?limit=100`)).body;
    const open = messages.filter(({ completedAt }) => completedAt === null);
    if (open.length > 0) throw new Error(`${open.length} replies of a room have no outcome`);
    return messages;
  };
  return eventually(finished, { withinMs, everyMs: 100 });
}

const repliesIn = (messages: Message[]): string[] =>
  messages.filter(({ role }) => role === 'bot').map(({ content }) => content);
