import { eventually } from '../support/eventually.js';
import { TlsProxy } from '../support/http/tls-proxy.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

/** Half of a round trip to Gemini or Stripe. */
const DELAY_MS = 40;

/** Longer than Node's own `fetch` keeps a connection. */
const SILENCE_MS = 4_500;

let stack: Stack;
let gemini: TlsProxy;
let stripe: TlsProxy;
let person: Person;

beforeAll(async () => {
  stack = await startStack({ apis: 0, workers: 0 });
  const port = Number(new URL(stack.sandboxUrl).port);
  [gemini, stripe] = await Promise.all([TlsProxy.to(port, DELAY_MS), TlsProxy.to(port, DELAY_MS)]);
  await Promise.all([
    stack.add('worker', { GEMINI_BASE_URL: gemini.url, ...gemini.trust }),
    stack.add('api', { STRIPE_API_BASE_URL: stripe.url, ...stripe.trust }),
  ]);
  person = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  for (const proxy of [gemini, stripe]) proxy?.stop();
});

async function answer(): Promise<void> {
  const { reply } = await send(person.http, await openRoom(person.http), 'Hello');
  expect(await outcome(person.http, reply)).toMatchObject({ status: 'completed' });
}

async function checkout(): Promise<void> {
  const { http } = await signUpAndLogIn(stack.http);
  expect((await http.post('/subscription/subscribe/pro', {})).status).toBe(201);
}

describe('a connection to a vendor', () => {
  it('is used again after a silence', async () => {
    await answer();
    await checkout();
    const handshakes = [gemini.handshakes, stripe.handshakes];
    for (const count of handshakes) expect(count).toBeGreaterThan(0);

    const silentUntil = Date.now() + SILENCE_MS;
    await eventually(() => Date.now() > silentUntil, { withinMs: 2 * SILENCE_MS });
    await answer();
    await checkout();
    expect([gemini.handshakes, stripe.handshakes]).toEqual(handshakes);
  });

  it('keeps no process from ending', async () => {
    for (const process of [stack.api(), stack.worker()]) {
      expect(await process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    }
  });
});
