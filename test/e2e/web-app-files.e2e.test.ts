import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { HttpClient } from '../support/http/http-client.js';
import { type Stack, startStack } from '../support/stack.js';

/** What Lighthouse's budgets count: the bytes that are transferred. */
const MAX_SCRIPT_BYTES = 150_000;
/** What a phone has to read. */
const MAX_UNPACKED_SCRIPT_BYTES = 200_000;

const secret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

/** What an API in production has to have. It calls none of these. */
const PRODUCTION = {
  NODE_ENV: 'production',
  OTP_SECRET: randomBytes(32).toString('base64'),
  STRIPE_SECRET_KEY: `sk_test_${randomBytes(12).toString('hex')}`,
  STRIPE_API_BASE_URL: '',
  STRIPE_WEBHOOK_SECRET: secret(),
  PHONE_ALLOWED_COUNTRIES: 'US',
  OTP_SENDS_PER_DAY: '1000',
  OTP_DELIVERY: 'webhook',
  OTP_WEBHOOK_URL: 'https://127.0.0.1:1/sms',
  OTP_WEBHOOK_SECRET: secret(),
};

const assets = readdirSync('dist/web/assets').map((name) => `/assets/${name}`);
const script = assets.find((path) => path.endsWith('.js')) ?? '';

describe('the files of the chat page', () => {
  let stack: Stack;
  let http: HttpClient;

  beforeAll(async () => {
    stack = await startStack({ workers: 0 });
    ({ http } = stack);
  }, 120_000);
  afterAll(() => stack?.stop());

  it('are a page that names all others, at /, whatever the query', async () => {
    for (const path of ['/', '/?checkout=success&of=anything']) {
      const { status, headers, body } = await http.get<string>(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(assets.filter((asset) => !body.includes(asset))).toEqual([]);
    }
  });

  it('let nothing in but themselves and calls to their own origin', async () => {
    const policy = (await http.get('/')).headers.get('content-security-policy')?.split(';');
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data: blob:",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
  });

  it('are sent once: the page is asked for again, the others are kept', async () => {
    const tag = (await http.get('/')).headers.get('etag') ?? '';
    for (const known of [tag, tag.replace('W/', ''), `"of-last-week", ${tag}`, '*']) {
      expect([known, (await http.get('/', { 'if-none-match': known })).status]).toEqual([known, 304]);
    }
    expect((await http.get('/', { 'if-none-match': '"of-last-week"' })).status).toBe(200);
    for (const path of assets) {
      expect((await http.get(path)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
  });

  it('are compressed for those who can read it', async () => {
    const answerTo = async (accepted: string) => {
      const { status, headers } = await http.send('HEAD', script, { headers: { 'accept-encoding': accepted } });
      return [status, headers.get('content-encoding'), headers.get('vary'), Number(headers.get('content-length'))];
    };
    const text = (await http.get<string>(script)).body;
    const gzipped = [200, 'gzip', 'Origin, Accept-Encoding', gzipSync(text).length];
    const plain = [200, null, 'Origin, Accept-Encoding', Buffer.byteLength(text)];
    expect(await answerTo('br, gzip;q=0.5')).toEqual(gzipped);
    expect(await answerTo('gzip')).toEqual(gzipped);
    expect(await answerTo('identity')).toEqual(plain);
    expect(await answerTo('gzip;q=0, br')).toEqual(plain);
    expect(gzipped.at(-1)).toBeLessThan(MAX_SCRIPT_BYTES);
    expect(plain.at(-1)).toBeLessThan(MAX_UNPACKED_SCRIPT_BYTES);
  });

  it('are kept by caches for one origin alone, since they name the one that may read them', async () => {
    const { headers } = await http.get(script, { origin: 'http://localhost:5173' });
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(headers.get('vary')?.split(', ')).toContain('Origin');
  });

  it('have the methods and the 404 of all paths', async () => {
    for (const path of ['/', script]) {
      const { status, headers, body } = await http.send('POST', path, { body: {} });
      expect([status, headers.get('allow'), body['code']]).toEqual([405, 'GET, HEAD, OPTIONS', 'method_not_allowed']);
      expect((await http.send('OPTIONS', path)).status).toBe(204);
    }
    for (const path of ['/assets', '/assets/', '/assets/main.js', '/index.html', '/web', '/assets/../main.js']) {
      const { status, body } = await http.get(path);
      expect([path, status, body['code']]).toEqual([path, 404, 'not_found']);
    }
  });

  it('are not there with WEB_APP=off', async () => {
    const { status, body } = await at(await stack.add('api', { WEB_APP: 'off' }), '/');
    expect([status, body['code']]).toEqual([404, 'not_found']);
  }, 60_000);

  it('are not there in production, unless WEB_APP=on says so', async () => {
    const api = await stack.add('api', PRODUCTION);
    expect((await at(api, '/')).status).toBe(404);
    expect((await at(api, script)).status).toBe(404);
    await api.restart({ WEB_APP: 'on' });
    expect((await at(api, '/')).status).toBe(200);
    expect((await at(api, script)).status).toBe(200);
  }, 60_000);

  const at = ({ url }: { url: string }, path: string) => new HttpClient(url).get(path);
});
