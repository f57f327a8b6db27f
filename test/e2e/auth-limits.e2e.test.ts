import { eventually } from '../support/eventually.js';
import { newPhone, type Person, signUpAndLogIn } from '../support/login.js';
import { testRedis } from '../support/services.js';
import { type Stack, startStack } from '../support/stack.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';

describe('limits on requests', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      apis: 2,
      workers: 0,
      sandbox: true,
      env: {
        TRUST_PROXY_HOPS: '1',
        RATE_LIMIT_SIGNUP_PER_MINUTE: '10',
        RATE_LIMIT_AUTH_PER_MINUTE: '10',
        RATE_LIMIT_SEND_PER_MINUTE: '3',
        RATE_LIMIT_READ_PER_MINUTE: '20',
      },
    });
  }, 90_000);
  afterAll(() => stack?.stop());

  let addresses = 0;
  /** Whoever comes from an address that no other test has. */
  const newAddress = (): Record<string, string> => ({ 'x-forwarded-for': `10.0.0.${++addresses}` });
  const logInFrom = async (from: Record<string, string>): Promise<Person> => {
    const phone = newPhone();
    await stack.http.post('/auth/signup', { phone }, from);
    const { body } = await stack.http.post<{ challengeId: string; otp: string }>('/auth/send-otp', { phone }, from);
    const { challengeId, otp } = body;
    const { body: tokens } = await stack.http.post<Person['tokens']>('/auth/verify-otp', { challengeId, otp }, from);
    return { http: stack.http.as(tokens.accessToken), id: tokens.user.id, phone, tokens };
  };

  it('are told with every answer, and a 429 says when to come back', async () => {
    const from = newAddress();
    const signUp = () => stack.http.post('/auth/signup', { phone: newPhone() }, from);
    const begun = Date.now();
    /** The window has a minute, of which no more is over than has passed since before the first request. */
    const expectSecondsLeft = (seconds: string | undefined | null) => {
      expect(seconds).toMatch(/^[1-9]\d?$/);
      expect(Number(seconds)).toBeLessThanOrEqual(60);
      expect(Number(seconds)).toBeGreaterThanOrEqual(60 - Math.ceil((Date.now() - begun) / 1_000));
    };
    const expectState = (headers: Headers, remaining: number) => {
      const [, left, seconds] = /^"signup";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
      expect(left).toBe(String(remaining));
      expectSecondsLeft(seconds);
    };
    for (let remaining = 9; remaining >= 0; remaining--) {
      const { status, headers } = await signUp();
      expect(status).toBe(202);
      expect(headers.get('ratelimit-policy')).toBe('"signup";q=10;w=60');
      expectState(headers, remaining);
    }
    const refused = await signUp();
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expectState(refused.headers, 0);
    expectSecondsLeft(refused.headers.get('retry-after'));
    const again = await signUp();
    expect(again.status).toBe(429);
    expectSecondsLeft(again.headers.get('retry-after'));
  });

  it('count an address for all replicas and all routes of the kind together, an IPv6 network as one', async () => {
    const verify = { challengeId: 'x', otp: '000000' };
    const network = (host: number) => ({ 'x-forwarded-for': `2001:db8:1:2::${host}` });
    for (let request = 0; request < 10; request++) {
      const http = stack.http.at(stack.api(request % 2).url);
      const answer =
        request % 2 === 0
          ? await http.post('/auth/verify-otp', verify, network(request))
          : await http.post('/auth/send-otp', { phone: newPhone() }, network(request));
      expect(answer.status).toBe(request % 2 === 0 ? 401 : 202);
    }
    expect((await stack.http.post('/auth/verify-otp', verify, network(99))).status).toBe(429);
    expect((await stack.http.post('/auth/verify-otp', verify, { 'x-forwarded-for': '2001:db8:1:3::1' })).status).toBe(
      401,
    );
  });

  it('count a user wherever the requests come from', async () => {
    const person = await logInFrom(newAddress());
    const [others] = [await logInFrom(newAddress())];
    for (let request = 0; request < 20; request++) {
      expect((await person.http.get('/user/me', newAddress())).status).toBe(200);
    }
    const refused = await person.http.get('/user/me', newAddress());
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.headers.get('ratelimit-policy')).toBe('"read";q=20;w=60');
    expect((await others.http.get('/user/me')).status).toBe(200);
  });

  it('count sending apart from reading', async () => {
    const { http } = await logInFrom(newAddress());
    const { body: room } = await http.post<{ id: string }>('/chatroom', {});
    const send = () => http.post(`/chatroom/${room.id}/message`, { content: 'Hello' });
    for (let sent = 0; sent < 3; sent++) expect((await send()).status).toBe(202);
    const refused = await send();
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.headers.get('ratelimit-policy')).toBe('"send";q=3;w=60');
    expect((await http.get(`/chatroom/${room.id}`)).status).toBe(200);
  });

  it('leave probes alone', async () => {
    const from = newAddress();
    const probes = await Promise.all(Array.from({ length: 50 }, () => stack.http.get('/health/live', from)));
    expect(probes.every(({ status, headers }) => status === 200 && !headers.has('ratelimit'))).toBe(true);
  });
});

describe('by default', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ workers: 0, sandbox: true });
  }, 90_000);
  afterAll(() => stack?.stop());

  it('200 messages at once reach the daily quota, not the limit on requests', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { body: room } = await http.post<{ id: string }>('/chatroom', {});
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        http.post<{ code?: string }>(`/chatroom/${room.id}/message`, { content: 'Hi' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'daily_quota_exceeded')).toHaveLength(195);
  });

  it('a client may poll as fast as it can', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    for (let poll = 0; poll < 300; poll++) expect((await http.get('/user/me')).status).toBe(200);
  });
});

describe('without Redis', () => {
  let stack: Stack;
  let proxy: TcpProxy;

  beforeAll(async () => {
    const { host, port } = await testRedis();
    proxy = await TcpProxy.to(host, port);
    stack = await startStack({
      workers: 0,
      sandbox: false,
      env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(proxy.port) },
    });
  }, 90_000);
  afterAll(async () => {
    await stack?.stop();
    await proxy?.close();
  });

  it('no one gets codes or tries them, while users who are logged in go on, log out, and refresh their tokens', async () => {
    // Redis is no part of being ready, so it may not be connected yet.
    const person = await eventually(() => signUpAndLogIn(stack.http));
    const leaving = await eventually(() => signUpAndLogIn(stack.http));
    proxy.sever();

    const phone = newPhone();
    for (const [path, body] of [
      ['/auth/signup', { phone }],
      ['/auth/send-otp', { phone }],
      ['/auth/verify-otp', { challengeId: 'x', otp: '000000' }],
    ] as const) {
      const answer = await stack.http.post(path, body);
      expect(answer).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    const begun = performance.now();
    for (let read = 0; read < 20; read++) expect((await person.http.get('/user/me')).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(3_000);

    const { refreshToken } = person.tokens;
    expect((await stack.http.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect((await leaving.http.post('/auth/logout')).status).toBe(204);
    expect((await leaving.http.get('/user/me')).status).toBe(401);

    proxy.mend();
    await eventually(async () => (await stack.http.post('/auth/signup', { phone: newPhone() })).status === 202, {
      withinMs: 30_000,
    });
    expect((await leaving.http.get('/user/me')).status).toBe(401);
  }, 90_000);
});
