import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { Answer, HttpClient } from '../support/http/http-client.js';
import { signUpAndLogIn } from '../support/login.js';
import { callsFor, openRoom, outcome, script, send } from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { Redis } from 'ioredis';

let stack: Stack;
let database: pg.Client;
let redis: Redis;

beforeAll(async () => {
  ({ stack } = await startReplyStack());
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
  redis = new Redis(stack.redis);
}, 120_000);

afterAll(async () => {
  redis?.disconnect();
  await database?.end();
  await stack?.stop();
});

/** Asks while the user's row is being deleted, so that what the request writes waits for the deletion, and finds no user. */
async function askWhileErased(userId: string, ask: () => Promise<Answer<{ code?: string }>>) {
  await database.query('BEGIN');
  await database.query('SELECT FROM "user" WHERE id = $1 FOR UPDATE', [userId]);
  const answer = ask();
  const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  await eventually(async () => {
    // Within a transaction PostgreSQL shows one state of its activity, unless it is told to forget that.
    await database.query('SELECT pg_stat_clear_snapshot()');
    return ((await database.query(waiting)).rowCount ?? 0) > 0;
  });
  await database.query('DELETE FROM "user" WHERE id = $1', [userId]);
  await database.query('COMMIT');
  return answer;
}

describe('a write for a user who is erased at the same moment', () => {
  const ways: [string, (http: HttpClient) => Promise<Answer<{ code?: string }>>][] = [
    ['opening a room', (http) => http.post('/chatroom', { title: 'Too late' })],
    ['subscribing', (http) => http.post('/subscription/subscribe/pro', {})],
  ];
  it.each(ways)('is refused as one without a valid token: %s', async (_, ask) => {
    const { http, id } = await signUpAndLogIn(stack.http);
    const { status, body, headers } = await askWhileErased(id, () => ask(http));
    expect([status, body.code]).toEqual([401, 'unauthenticated']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });
});

describe('erasing an account', () => {
  it('leaves no text of replies in Redis, not of rooms that were deleted before, nor of a reply that was being written', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const logs: string[] = [];
    for (const way of ['finished', 'cut']) {
      const prompt = `Leave nothing, ${way}`;
      // The one that is cut would take a minute.
      const speed = way === 'cut' ? { tokensPerSecond: 2 / 3 } : {};
      await script(stack, prompt, [{ type: 'answer', text: 'private '.repeat(60), ...speed }]);
      const room = await openRoom(http);
      const { reply } = await send(http, room, prompt);
      if (way === 'finished') await outcome(http, reply);
      await eventually(async () => (await redis.keys(`*${reply.id}*:text`)).length > 0);
      logs.push(reply.id);
      expect((await http.delete(`/chatroom/${room}`)).status).toBe(204);
    }
    expect((await http.delete('/user/me')).status).toBe(204);
    await eventually(async () =>
      (await callsFor(stack, 'Leave nothing, cut')).every(({ outcome }) => outcome !== 'open'),
    );
    await eventually(async () => {
      const left = await Promise.all(logs.map((id) => redis.keys(`*${id}*:text`)));
      return left.flat().length === 0;
    });
  });
});
