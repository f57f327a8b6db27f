import { RawConnection } from '../support/http/raw-connection.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

const TIMEOUT_MS = 2_000;
/** By how much later than configured a connection may end. */
const TOLERANCE_MS = 2_000;
/** The operators' port has a fixed timeout. */
const OPERATIONS_TIMEOUT_MS = 10_000;

const { jest } = import.meta;
/** A busy machine may make one try late; a server that doesn't keep its timeout is late in each. */
const RETRIES = 2;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  stack = await startStack({ workers: 1, env: { REQUEST_TIMEOUT_MS: String(TIMEOUT_MS) } });
  person = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(() => stack.stop());

/** Opens a connection, has it begin a request, and returns what it received and after how many milliseconds it was closed. */
async function livesFor(url: string, begin: (connection: RawConnection) => void, dribble = '') {
  const connection = await RawConnection.open(url);
  const begun = performance.now();
  begin(connection);
  const timer = setInterval(() => connection.socket.write(dribble), 300);
  const text = await connection.ended;
  clearInterval(timer);
  return { text, ms: performance.now() - begun };
}

const signUpHead = (connection: RawConnection) =>
  connection.sendHead('POST /auth/signup HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100');

describe('a request that does not arrive in time is answered 408, and its connection closed', () => {
  // Each group reads this after its hooks, so it holds for this one alone.
  beforeAll(() => void jest.retryTimes(RETRIES, { logErrorsBeforeRetry: true }));
  afterAll(() => void jest.retryTimes(0));

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
    const { text, ms } = await livesFor(stack.url, begin, dribble);
    expect(text).toMatch(
      /^HTTP\/1\.1 408 Request Timeout\r\n[^]*application\/problem\+json[^]*"code":"request_timeout"/,
    );
    expect(ms).toBeGreaterThan(TIMEOUT_MS - 100);
    expect(ms).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
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
  const { text, ms } = await livesFor(stack.url, (connection) =>
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100'),
  );
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401']);
  expect(ms).toBeLessThan(TIMEOUT_MS + TOLERANCE_MS);
});

it("on the operators' ports, too", async () => {
  const ports = [stack.api().metricsUrl, stack.worker().url].flatMap((url) => [
    livesFor(url, (connection) => connection.socket.write('GET /metrics HTTP/1.1\r\n')),
    livesFor(url, (connection) => connection.sendHead('POST /nowhere HTTP/1.1', 'Content-Length: 9'), ' '),
  ]);
  for (const { ms } of await Promise.all(ports)) expect(ms).toBeLessThan(OPERATIONS_TIMEOUT_MS + TOLERANCE_MS);
}, 30_000);
