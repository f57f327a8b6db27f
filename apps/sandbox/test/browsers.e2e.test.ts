import { request } from 'node:http';
import { GeminiSandbox } from '../../../test/support/gemini-sandbox.js';
import { StripeSandboxServer } from '../../../test/support/stripe-sandbox.js';

let sandbox: StripeSandboxServer;

beforeAll(async () => {
  const [SANDBOX_PUBLIC_URL, SANDBOX_ALLOWED_HOSTS] = ['https://pay.example.com', 'sandbox, stand-ins'];
  sandbox = await StripeSandboxServer.start({ SANDBOX_PUBLIC_URL, SANDBOX_ALLOWED_HOSTS });
});
afterAll(() => sandbox?.stop());

/** By `node:http`, since `fetch` sets these headers itself. */
function send(method: string, path: string, headers: Record<string, string>, url = sandbox.url): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end(method.startsWith('P') ? '{}' : undefined);
  });
}

const port = (): string => new URL(sandbox.url).port;

describe('by its Host, a request', () => {
  it.each([
    'rebound.example',
    'rebound.example:9200',
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'localhost:x',
    'localhost@rebound.example',
    '192.168.1.7:9200',
    '0.0.0.0:9200',
  ])('for "%s" is refused, whatever it asks for', async (host) => {
    for (const path of [
      '/',
      '/health',
      '/sms',
      '/sms/messages',
      '/control/gemini/requests',
      '/v1beta/models?key=x',
      '/nowhere',
    ]) {
      expect(await send('GET', path, { host })).toBe(403);
    }
    expect(await send('DELETE', '/control/gemini', { host })).toBe(403);
  });

  it.each(['localhost', 'LOCALHOST:9200', '127.0.0.1:1', '[::1]:9200', 'sandbox:9200', 'stand-ins', 'pay.example.com'])(
    'for %s is answered',
    async (host) => expect(await send('GET', '/health', { host })).toBe(200),
  );

  it('for a name that is not configured is refused elsewhere', async () => {
    const other = await GeminiSandbox.start();
    try {
      expect(await send('GET', '/health', { host: 'sandbox:9200' }, other.url)).toBe(403);
    } finally {
      await other.stop();
    }
  });
});

describe('by its page, a request that writes', () => {
  it.each<[string, () => Record<string, string>]>([
    ['of another site', () => ({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })],
    ['of another site in an old browser', () => ({ origin: 'https://evil.example' })],
    ['of another port', () => ({ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' })],
    ['of another name of ours', () => ({ origin: `http://localhost:${port()}` })],
    ['of a page without origin', () => ({ origin: 'null' })],
    ['of another site that hides its origin', () => ({ 'sec-fetch-site': 'cross-site' })],
  ])('%s is refused, whatever it is', async (_case, headers) => {
    for (const [method, path] of [
      ['DELETE', '/control/gemini'],
      ['POST', '/control/gemini/rules'],
      ['PUT', '/control/sms'],
      ['POST', '/control/stripe/faults'],
      ['POST', '/v1/customers'],
      ['POST', '/v1beta/models/gemini-flash-latest:generateContent?key=x'],
      ['POST', '/sms/webhook'],
      ['POST', '/stripe/checkout/cs_test_1/pay'],
    ] as const) {
      expect(await send(method, path, { ...headers(), 'content-type': 'text/plain' })).toBe(403);
    }
  });

  it.each<[string, () => Record<string, string>]>([
    ['of no page', () => ({})],
    ['of its own page', () => ({ origin: sandbox.url, 'sec-fetch-site': 'same-origin' })],
    ['of its own page behind a proxy', () => ({ origin: 'https://pay.example.com', 'sec-fetch-site': 'same-origin' })],
  ])('%s is answered', async (_case, headers) => {
    expect(await send('DELETE', '/control/gemini', headers())).toBe(204);
  });
});

it.each(['/', '/sms', '/stripe/checkout/cs_test_none', '/health', '/nowhere'])(
  '%s runs no script, and is shown in no frame',
  async (path) => {
    const { headers } = await fetch(`${sandbox.url}${path}`);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
  },
);
