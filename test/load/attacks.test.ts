import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { HttpClient } from '../support/http/http-client.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { type AttackRequest, Attacker, type AttackResult } from './attacker.js';
import { Bystander, type Latencies } from './bystander.js';

const SECONDS = Number(process.env['LOAD_SECONDS'] ?? '10');
/** What a bystander may wait at most, of a hundred requests in ninety-nine. */
const P99_MS = 100;
const LONG_MESSAGES = 400;
const MANY_ROOMS = 30_000;

/** A client behind the proxy in front of the product, so that each has an address of its own. */
class ClientFrom extends HttpClient {
  constructor(
    base: string,
    readonly address: string,
    token?: string,
  ) {
    super(base, token);
  }

  override as(token: string): ClientFrom {
    return new ClientFrom(this.base, this.address, token);
  }

  override get authorization(): Record<string, string> {
    return { ...super.authorization, 'x-forwarded-for': this.address };
  }
}

let stack: Stack;
let database: pg.Client;
let bystander: Bystander;
let idle: Latencies;
const table: string[] = [];

beforeAll(async () => {
  // The limits are those of production. One proxy tells the addresses apart.
  stack = await startStack({ env: { TRUST_PROXY_HOPS: '1', DATABASE_POOL_SIZE: '20', LOG_LEVEL: 'warn' } });
  database = new pg.Client({ connectionString: stack.database.url });
  await database.connect();
  bystander = await Bystander.in((await proFrom('203.0.113.5')).http);
  await bystander.measure(2);
  idle = await bystander.measure(SECONDS);
  note('idle', idle);
}, 240_000);

afterAll(async () => {
  await database?.end();
  await stack?.stop();
  console.log(['', ...table].join('\n'));
});

async function proFrom(address: string): Promise<Person> {
  const person = await signUpAndLogIn(new ClientFrom(stack.url, address));
  await makePro(stack.database.url, person.id);
  return person;
}

function note(name: string, { p50, p99 }: Latencies, result?: AttackResult): void {
  const met =
    result === undefined ? '' : `${result.perSecond}/s ${JSON.stringify(result.statuses)} ${result.errors} errors`;
  const ratio = (p99 / idle.p99).toFixed(1);
  table.push(`${name.padEnd(28)} p50 ${p50} ms, p99 ${p99} ms (${ratio} times idle)  ${met}`);
}

/** How the bystander was disturbed; empty when it was not. */
function flawIn({ p99, failures }: Latencies): string {
  if (failures.length > 0) return `${failures.length} requests failed: ${[...new Set(failures)].join()}`;
  return p99 < P99_MS ? '' : `p99 was ${p99} ms`;
}

/** The bystander, while the attack goes on: how it was disturbed, and the statuses that the attacker met. */
async function during(
  name: string,
  connections: number,
  requests: AttackRequest[],
): Promise<{ flaw: string; statuses: string[] }> {
  const attack = Attacker.start(stack.url, connections, requests);
  const latencies = await bystander.measure(SECONDS);
  const result = await attack.stop();
  note(name, latencies, result);
  return { flaw: flawIn(latencies), statuses: Object.keys(result.statuses) };
}

/** Fills a room with long messages. */
async function longMessages(owner: Person): Promise<string> {
  const room = await openRoom(owner.http);
  const ids = Array.from({ length: LONG_MESSAGES }, () => uuidv7());
  await database.query(
    `INSERT INTO message (id, user_id, chatroom_id, seq, role, status, content, created_at, completed_at)
     SELECT id, $2, $3, n, 'user', 'completed', repeat('The sky is blue. ', 1900) || md5(id::text), now(), now()
     FROM unnest($1::uuid[]) WITH ORDINALITY AS row (id, n)`,
    [ids, owner.id, room],
  );
  await database.query('UPDATE chatroom SET last_seq = $2 WHERE id = $1', [room, LONG_MESSAGES]);
  return room;
}

const headersOf = ({ http }: Person): Record<string, string> => ({ ...http.authorization, ...json });
const forwarded = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
const json = { 'content-type': 'application/json' };

describe('a bystander waits no longer than usual while one caller', () => {
  it('searches', async () => {
    const attacker = await proFrom('198.51.100.6');
    await longMessages(attacker);
    const headers = headersOf(attacker);
    const words = ['字', 'sky', '🎉', 'nowhere to be found'];
    const requests = words.map((q) => ({
      method: 'GET' as const,
      path: `/search?q=${encodeURIComponent(q)}`,
      headers,
    }));
    const { flaw } = await during('search', 25, requests);
    expect(flaw).toBe('');
  }, 120_000);

  it('reads long pages', async () => {
    const attacker = await proFrom('198.51.100.7');
    const room = await longMessages(attacker);
    const headers = headersOf(attacker);
    const { flaw } = await during('read', 20, [{ method: 'GET', path: `/chatroom/${room}?limit=100`, headers }]);
    expect(flaw).toBe('');
  }, 120_000);

  it('exports a large account', async () => {
    const owner = await proFrom('198.51.100.8');
    const ids = Array.from({ length: MANY_ROOMS }, () => uuidv7());
    await database.query(
      `INSERT INTO chatroom (id, user_id, title, system_instruction) SELECT id, $2, 'A room', repeat('Be brief. ', 800) FROM unnest($1::uuid[]) id`,
      [ids, owner.id],
    );
    const { flaw } = await during('export', 5, [
      { method: 'GET', path: '/user/me/export', headers: owner.http.authorization },
    ]);
    expect(flaw).toBe('');
  }, 180_000);

  it('uploads bodies without a token', async () => {
    const body = JSON.stringify(Array.from({ length: 80_000 }, () => []));
    const sent = { headers: { ...json, ...forwarded('198.51.100.9') }, body };
    const { flaw, statuses } = await during('bodies', 10, [
      { method: 'POST', path: '/chatroom', ...sent },
      { method: 'POST', path: '/auth/send-otp', ...sent },
      { method: 'POST', path: '/auth/logout', ...sent },
    ]);
    expect(flaw).toBe('');
    expect(statuses).toContain('429');
  }, 120_000);

  it('opens rooms', async () => {
    const headers = headersOf(await proFrom('198.51.100.13'));
    const body = JSON.stringify({ title: 'A room', systemInstruction: '界'.repeat(8_000) });
    const { flaw } = await during('rooms', 25, [{ method: 'POST', path: '/chatroom', headers, body }]);
    expect(flaw).toBe('');
  }, 120_000);

  it('sends long messages', async () => {
    const sender = await proFrom('198.51.100.12');
    const target = await openRoom(sender.http);
    const body = JSON.stringify({ content: 'a'.repeat(32_000) });
    const { flaw } = await during('messages', 25, [
      { method: 'POST', path: `/chatroom/${target}/message`, headers: headersOf(sender), body },
    ]);
    expect(flaw).toBe('');
  }, 180_000);

  it('signs up', async () => {
    const requests = Array.from({ length: 500 }, (_, n) => ({
      method: 'POST' as const,
      path: '/auth/signup',
      headers: { ...json, ...forwarded('198.51.100.10') },
      body: JSON.stringify({ phone: `+1415${2_000_000 + n}`, name: randomUUID() }),
    }));
    const { flaw, statuses } = await during('sign-ups', 25, requests);
    expect(flaw).toBe('');
    expect(statuses).toContain('429');
  }, 120_000);

  it('begins checkouts', async () => {
    const person = await signUpAndLogIn(new ClientFrom(stack.url, '198.51.100.11'));
    const requests = ['a', 'b'].map((page) => ({
      method: 'POST' as const,
      path: '/subscription/subscribe/pro',
      headers: headersOf(person),
      body: JSON.stringify({ successUrl: `http://localhost:3000/${page}` }),
    }));
    const { flaw, statuses } = await during('checkouts', 10, requests);
    expect(flaw).toBe('');
    expect(statuses).toContain('429');
  }, 120_000);

  it('opens connections and sends half a request', async () => {
    const { hostname, port } = new URL(stack.url);
    const sockets = Array.from({ length: 1_000 }, () => connect(Number(port), hostname));
    const halves = [
      'GET /chatroom HTTP/1.1\r\nHost: x',
      'POST /auth/send-otp HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{',
    ];
    sockets.forEach((socket: Socket, n) => {
      socket.on('error', () => undefined);
      socket.write(halves[n % 2]!);
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const latencies = await bystander.measure(SECONDS);
    note('slow requests', latencies);
    sockets.forEach((socket) => socket.destroy());
    expect(flawIn(latencies)).toBe('');
  }, 120_000);
});
