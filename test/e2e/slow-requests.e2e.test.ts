import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { RawConnection } from '../support/http/raw-connection.js';
import { pdf, upload } from '../support/http/uploads.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const TIMEOUT_MS = 2_000;
/** By how much later than configured a connection may end. */
const TOLERANCE_MS = 2_000;
/** The operators' port has a fixed timeout. */
const OPERATIONS_TIMEOUT_MS = 10_000;

/** How often a server is asked for a sign of life, and how much of the time until it comes counts at most. */
const SIGN_EVERY_MS = 50;
const MAX_SIGN_MS = 200;

/** How long a statement may wait for a lock, less some time for what goes before it: the product's own limit is 10 s. */
const MAX_LOCK_MS = 8_000;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  stack = await startStack({ workers: 1, env: { REQUEST_TIMEOUT_MS: String(TIMEOUT_MS) } });
  person = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(() => stack?.stop());

/**
 * Counts the milliseconds until something happens, as far as the server could do something in them: what is beyond
 * {@link MAX_SIGN_MS} for one sign of life, the machine kept from both processes.
 */
async function aliveMsUntil(server: string, end: Promise<unknown>): Promise<number> {
  let over = false;
  void end.then(() => (over = true));
  let aliveMs = 0;
  while (!over) {
    const begun = performance.now();
    await Promise.race([end, pause(SIGN_EVERY_MS)]);
    const sign = fetch(new URL('/health/live', server)).then((answer) => answer.text());
    await sign.catch(() => undefined);
    aliveMs += Math.min(performance.now() - begun, MAX_SIGN_MS);
  }
  return aliveMs;
}

/**
 * Opens a connection, has it begin a request, and returns what it received, after how many milliseconds it was closed, and in how
 * many of these the server could do something.
 */
async function livesFor(url: string, begin: (connection: RawConnection) => void, dribble = '') {
  const begun = performance.now();
  const connection = await RawConnection.open(url);
  begin(connection);
  const timer = setInterval(() => connection.socket.write(dribble), 300);
  const ended = connection.ended.then((text) => ({ text, ms: performance.now() - begun }));
  const aliveMs = await aliveMsUntil(url, ended);
  clearInterval(timer);
  return { ...(await ended), aliveMs };
}

const signUpHead = (connection: RawConnection) =>
  connection.sendHead('POST /auth/signup HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100');

describe('a request that does not arrive in time is answered 408, and its connection closed', () => {
  const requests: [string, (connection: RawConnection) => void, string][] = [
    ['nothing at all', () => undefined, ''],
    ['half a head', (connection) => connection.socket.write('GET /health/live HTTP/1.1\r\nHost: a'), ''],
    ['a head, a byte at a time', (connection) => connection.socket.write('GET /health/live HTTP/1.1\r\nX: '), 'x'],
    ['a body that does not begin', signUpHead, ''],
    ['a body, a byte at a time', signUpHead, ' '],
    [
      'a body of a user, a byte at a time',
      (connection) =>
        connection.sendHead(
          'POST /chatroom HTTP/1.1',
          `Authorization: Bearer ${person.tokens.accessToken}`,
          'Content-Type: application/json',
          'Content-Length: 200000',
        ),
      ' ',
    ],
  ];

  it.each(requests)('%s', async (_, begin, dribble) => {
    const { text, ms, aliveMs } = await livesFor(stack.url, begin, dribble);
    expect(text).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n[^]*application\/problem\+json[^]*"code":"request_timeout"/,
    );
    expect(ms).toBeGreaterThan(TIMEOUT_MS - 100);
    expect(aliveMs).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
  });

  it('also the second on a connection', async () => {
    const { text } = await livesFor(stack.url, (connection) => {
      connection.sendHead('GET /health/live HTTP/1.1');
      connection.socket.write('GET /health/live HTTP/1.1\r\n');
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 408 /);
  });
});

it('a request that was answered before its body has one answer', async () => {
  const { text, aliveMs } = await livesFor(stack.url, (connection) =>
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100'),
  );
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401']);
  expect(aliveMs).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
});

describe('an upload', () => {
  const head = 'POST /file HTTP/1.1';
  const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n';
  const begin = (connection: RawConnection, length: number) => {
    connection.sendHead(
      head,
      `Authorization: Bearer ${person.tokens.accessToken}`,
      'Content-Type: multipart/form-data; boundary=b',
      `Content-Length: ${length}`,
    );
    connection.socket.write(form);
  };

  /** Sends a file a byte at a time, for longer in all than any other request may take. */
  async function dribble(): Promise<{ status: number | undefined; longestPauseMs: number }> {
    const pieces = 20;
    const end = '\r\n--b--\r\n';
    const connection = await RawConnection.open(stack.url);
    begin(connection, form.length + pieces + end.length);
    let longestPauseMs = 0;
    for (let piece = 0; piece < pieces; piece++) {
      const before = performance.now();
      connection.socket.write('a');
      await pause((1.5 * TIMEOUT_MS) / pieces);
      longestPauseMs = Math.max(longestPauseMs, performance.now() - before);
    }
    connection.socket.write(end);
    const status = await eventually(() => connection.status);
    connection.close();
    return { status, longestPauseMs };
  }

  it('goes on for as long as some of it arrives', async () => {
    let sent = await dribble();
    // Where the machine kept this process from writing in time, nothing of it arrived.
    for (let again = 0; again < 5 && sent.longestPauseMs > TIMEOUT_MS / 2; again++) sent = await dribble();
    expect(sent.status).toBe(201);
  });

  /** Uploads a file whose store does nothing while two looks at what arrives find nothing new. */
  async function uploadToSlowStore(): Promise<{ status: number; lockedMs: number }> {
    const database = new pg.Client({ connectionString: stack.database.url });
    await database.connect();
    await database.query('BEGIN');
    await database.query('LOCK TABLE file_chunk IN ACCESS EXCLUSIVE MODE');
    const begun = performance.now();
    const sent = upload(person.http, pdf(4_000_000), 'slow.pdf');
    await pause(2.5 * TIMEOUT_MS);
    await database.query('COMMIT');
    const lockedMs = performance.now() - begun;
    await database.end();
    return { status: (await sent).status, lockedMs };
  }

  it('goes on while its store is slow, and keeps what has arrived from being read', async () => {
    let sent = await uploadToSlowStore();
    // Where the machine kept the lock for longer, PostgreSQL ended the statement that waited for it.
    for (let again = 0; again < 3 && sent.lockedMs > MAX_LOCK_MS; again++) sent = await uploadToSlowStore();
    expect(sent.status).toBe(201);
  }, 60_000);

  it('is answered 408 when no more of it arrives', async () => {
    const { text } = await livesFor(stack.url, (connection) => begin(connection, 1_000));
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });
});

it("on the operators' ports, too", async () => {
  const lives = [stack.api().metricsUrl, stack.worker().url].flatMap((url) => [
    livesFor(url, (connection) => connection.socket.write('GET /metrics HTTP/1.1\r\n')),
    livesFor(url, (connection) => connection.sendHead('POST /nowhere HTTP/1.1', 'Content-Length: 9'), ' '),
  ]);
  for (const { aliveMs } of await Promise.all(lives)) {
    expect(aliveMs).toBeLessThan(OPERATIONS_TIMEOUT_MS + TOLERANCE_MS);
  }
}, 60_000);
