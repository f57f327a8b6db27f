import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { logIn, type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

const MIB = 1_048_576;

let stack: Stack;

beforeAll(async () => {
  // A process that gathered the export would need more than this heap.
  stack = await startStack({ apis: 2, sandbox: false, workers: 0, env: { NODE_OPTIONS: '--max-old-space-size=256' } });
}, 90_000);
afterAll(() => stack?.stop());

async function insertRooms(userId: string, count: number, instruction: number): Promise<void> {
  const client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO chatroom (id, user_id, title, system_instruction)
       SELECT gen_random_uuid(), $1, 'Room ' || n, repeat('é' || n, $3 / length('é' || n))
       FROM generate_series(1, $2::int) n`,
      [userId, count, instruction],
    );
  } finally {
    await client.end();
  }
}

/** Begins a download, whose reader decides how fast it goes on. */
async function begin({ base, authorization }: HttpClient): Promise<IncomingMessage> {
  const call = request(`${base}/user/me/export`, { headers: authorization, agent: false }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return response;
}

/** Begins a download once the one before counts no more: its place is free a moment after its reader has seen its end. */
const beginNext = (http: HttpClient): Promise<IncomingMessage> =>
  eventually(async () => {
    const response = await begin(http);
    if (response.statusCode === 200) return response;
    throw new Error(String(response.resume().statusCode));
  });

const inProgress = async (http: HttpClient) => {
  const { status, body } = await http.get('/user/me/export');
  return [status, body['code']];
};

/** The memory that a process has now, in bytes. */
async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

describe('the export of 30,000 rooms with 8,000 characters each', () => {
  let person: Person;
  let other: Person;

  beforeAll(async () => {
    [person, other] = [await signUpAndLogIn(stack.http), await signUpAndLogIn(stack.http)];
    await insertRooms(person.id, 30_000, 8_000);
    await insertRooms(other.id, 300, 8_000);
    await openRoom(other.http);
    // The process has served requests before, exports too.
    for (let count = 0; count < 300; count++) await other.http.get('/chatroom');
    for (let count = 0; count < 5; count++) await other.http.get('/user/me/export');
  }, 120_000);

  it('is whole and costs little memory', async () => {
    const { pid } = stack.api();
    const before = await memoryOf(pid);
    let most = before;
    const downloaded = { over: false };
    const watching = (async () => {
      while (!downloaded.over) {
        most = Math.max(most, await memoryOf(pid));
        await pause(50);
      }
    })();
    const download = (async () => {
      const response = await begin(person.http);
      // What is on its way to a busy test must not be counted as the process's: it is read at once, and parsed later.
      return buffer(response).finally(() => {
        downloaded.over = true;
      });
    })();
    const text = (await download).toString();
    await watching;
    const grown = (most - before) / MIB;
    const { chatrooms } = JSON.parse(text) as { chatrooms: { systemInstruction: string }[] };
    expect(new Set(chatrooms.map(({ systemInstruction }) => systemInstruction)).size).toBe(30_000);
    expect(grown).toBeLessThan(50);
  }, 120_000);

  it('waits for a reader that is slow, and is one at a time, at every replica', async () => {
    const slow = await beginNext(person.http);
    expect(await inProgress(person.http)).toEqual([409, 'export_in_progress']);
    expect(await inProgress(person.http.at(stack.api(1).url))).toEqual([409, 'export_in_progress']);
    expect((await other.http.get('/user/me/export')).status).toBe(200);
    slow.destroy();
    const next = await beginNext(person.http.at(stack.api(1).url));
    next.destroy();
  }, 60_000);

  it('is cut when its session ends', async () => {
    const { http } = await logIn(stack.http, person.phone);
    const slow = await beginNext(http);
    expect((await http.post('/auth/logout')).status).toBe(204);
    await expect(buffer(slow)).rejects.toThrow('aborted');
    const reason = 'An export broke off: A valid token is needed';
    await eventually(() => stack.api().log.some((line) => line.includes(reason)));
  }, 60_000);

  it('is cut by a shutdown, which does not wait for it, and possible again soon after a crash', async () => {
    const replica = stack.api(1);
    const slow = await beginNext(person.http.at(replica.url));
    const [exit] = await Promise.all([replica.kill('SIGTERM'), expect(buffer(slow)).rejects.toThrow('aborted')]);
    expect(exit).toMatchObject({ code: 0 });
    await replica.restart();
    const crashed = await beginNext(person.http.at(replica.url));
    await replica.kill();
    await expect(buffer(crashed)).rejects.toThrow();
    expect(await inProgress(person.http)).toEqual([409, 'export_in_progress']);
    const redis = new Redis(stack.redis);
    const [key, ...others] = await redis.keys('slots:export:*');
    expect(others).toEqual([]);
    expect(await redis.pttl(key!)).toBeLessThanOrEqual(30_000);
    expect(await redis.pttl(key!)).toBeGreaterThan(0);
    redis.disconnect();
  }, 60_000);
});

it('is told to be left as it is on its way, and not to be kept', async () => {
  const { http } = await signUpAndLogIn(stack.http);
  for (const method of ['GET', 'HEAD']) {
    // The place of the one before is free a moment after it was read.
    const { headers } = await eventually(async () => {
      const answer = await http.send(method, '/user/me/export');
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="account-\d{4}-\d\d-\d\d\.json"$/);
  }
});
