import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { signUpAndLogIn } from '../support/login.js';
import { plansFile } from '../support/plans-file.js';
import { type Stack, startStack } from '../support/stack.js';

let addresses = 0;
/** An address that no other test has. */
const newAddress = (): Record<string, string> => ({ 'x-forwarded-for': `10.1.0.${++addresses}` });
/** An address of IPv6 in the network 2001:db8:<site>::/48. */
const ipv6 = (site: number, network: number, host = 1): Record<string, string> => ({
  'x-forwarded-for': `2001:db8:${site}:${network.toString(16)}::${host}`,
});

describe('each kind of request has a limit of its own', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      workers: 0,
      env: {
        TRUST_PROXY_HOPS: '1',
        RATE_LIMIT_SIGNUP_PER_MINUTE: '3',
        RATE_LIMIT_AUTH_PER_MINUTE: '8',
        RATE_LIMIT_ANONYMOUS_PER_MINUTE: '10',
        RATE_LIMIT_SEND_PER_MINUTE: '2',
        RATE_LIMIT_WRITE_PER_MINUTE: '6',
        RATE_LIMIT_CHECKOUT_PER_MINUTE: '2',
        RATE_LIMIT_READ_PER_MINUTE: '5',
      },
    });
  }, 90_000);
  afterAll(() => stack?.stop());

  const somebody = () => {
    const from = newAddress();
    return signUpAndLogIn(stack.http.with(from));
  };
  const statuses = async (times: number, ask: (index: number) => Promise<{ status: number }>): Promise<number[]> => {
    const answers: number[] = [];
    for (let index = 0; index < times; index++) answers.push((await ask(index)).status);
    return answers;
  };
  const policyOf = ({ headers }: { headers: Headers }) => headers.get('ratelimit-policy');

  it('signing up, per address', async () => {
    const from = newAddress();
    const signUp = () => stack.http.post('/auth/signup', { phone: '+14155550100' }, from);
    expect(policyOf(await signUp())).toBe('"signup";q=3;w=60');
    expect(await statuses(3, signUp)).toEqual([202, 202, 429]);
    expect((await stack.http.post('/auth/send-otp', { phone: '+14155550100' }, from)).status).toBe(202);
  });

  it('codes, per address, which keep no neighbour from refreshing tokens', async () => {
    const from = newAddress();
    const { tokens } = await signUpAndLogIn(stack.http.with(from));
    const guess = () => stack.http.post('/auth/verify-otp', { challengeId: 'x', otp: '000000' }, from);
    expect(await statuses(7, guess)).toEqual([401, 401, 401, 401, 401, 401, 429]);
    const refreshed = await stack.http.post('/auth/refresh', { refreshToken: tokens.refreshToken }, from);
    expect([refreshed.status, policyOf(refreshed)]).toEqual([200, '"refresh";q=8;w=60']);
  });

  it('requests without a valid token, per address, and no one else is kept out', async () => {
    const from = newAddress();
    const { http } = await somebody();
    const body = '[]'.repeat(120_000);
    const floods = [stack.http, stack.http.as('a.b.c')].map((each) =>
      statuses(6, () => each.post('/chatroom/x/message', body, from)),
    );
    const answers = (await Promise.all(floods)).flat();
    expect(answers.filter((status) => status === 401)).toHaveLength(10);
    expect(answers.filter((status) => status === 429)).toHaveLength(2);
    const refused = await stack.http.get('/user/me', from);
    expect([refused.status, refused.body['code'], policyOf(refused)]).toEqual([
      429,
      'rate_limited',
      '"anonymous";q=10;w=60',
    ]);
    // Refused from memory, by a clock with fractions of a second: the header has whole ones (RFC 9110, section 10.2.3).
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d?$/);
    expect((await http.get('/user/me', from)).status).toBe(200);
    expect((await stack.http.get('/user/me', newAddress())).status).toBe(401);
    expect((await stack.http.get('/docs', from)).status).toBe(429);
    expect((await stack.http.get('/plans', from)).status).toBe(200);
  });

  it('sending, writing and reading, each apart', async () => {
    const { http } = await somebody();
    const { body: room } = await http.post<{ id: string }>('/chatroom', {});
    const send = () => http.post(`/chatroom/${room.id}/message`, { content: 'Hello' });
    expect(await statuses(3, send)).toEqual([202, 202, 429]);
    const writes = [
      () => http.post('/chatroom', {}),
      () => http.patch(`/chatroom/${room.id}`, { title: 'Renamed' }),
      () => http.patch('/user/me', { name: 'Ada' }),
      () => http.delete('/auth/sessions/x'),
      () => http.delete('/chatroom/x'),
      () => http.delete(`/chatroom/${room.id}`),
    ];
    expect(await statuses(6, (index) => writes[index]!())).toEqual([201, 200, 200, 404, 404, 429]);
    expect(policyOf(await http.delete(`/chatroom/${room.id}`))).toBe('"write";q=6;w=60');
    expect(await statuses(6, () => http.get('/chatroom'))).toEqual([200, 200, 200, 200, 200, 429]);
    expect(policyOf(await http.get('/user/me'))).toBe('"read";q=5;w=60');
  });

  it("pages of Stripe's, whichever it is", async () => {
    const { http } = await somebody();
    const subscribe = (index: number) =>
      http.post('/subscription/subscribe/pro', { successUrl: `http://localhost:3000/${index}` });
    expect(await statuses(1, subscribe)).toEqual([201]);
    const portal = await http.post('/subscription/portal');
    expect([portal.status, policyOf(portal)]).toEqual([201, '"checkout";q=2;w=60']);
    expect(await statuses(1, subscribe)).toEqual([429]);
  });

  it('of an IPv6 /56 four times, of a /48 sixteen times that of a /64', async () => {
    const ask = (from: Record<string, string>) => stack.http.post('/auth/signup', { phone: '+14155550100' }, from);
    // Twelve from one /56, each from another /64 and host.
    expect(await statuses(13, (index) => ask(ipv6(1, index, index)))).toEqual([...Array<number>(12).fill(202), 429]);
    expect(await statuses(4, (index) => ask(ipv6(1, 0x0100, index)))).toEqual([202, 202, 202, 429]);
    // 48 from one /48, of which 15 are used and another was refused by its /64, which counts for no wider block.
    const answers = await statuses(34, (index) => ask(ipv6(1, 0x1000 + 0x100 * index)));
    expect(answers).toEqual([...Array<number>(33).fill(202), 429]);
    expect((await ask(ipv6(2, 1))).status).toBe(202);
  });
});

describe('by default', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      workers: 0,
      env: {
        TRUST_PROXY_HOPS: '1',
        PLANS_FILE: plansFile(({ plans }) => (plans.basic.maxChatrooms = 3)),
      },
    });
  }, 90_000);
  afterAll(() => stack?.stop());

  /** Asks so many times on ten connections, or until it is refused if that suffices, and counts the answers by their status. */
  const flood = async (
    times: number,
    ask: (index: number) => Promise<{ status: number }>,
    { untilRefused = false } = {},
  ) => {
    const counts: Record<number, number> = {};
    let next = 0;
    const one = async () => {
      while (next < times && !(untilRefused && counts[429] !== undefined)) {
        const { status } = await ask(next++);
        counts[status] = (counts[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return counts;
  };

  it('a script meets them: signing up', async () => {
    const from = newAddress();
    const signUp = (index: number) => stack.http.post('/auth/signup', { phone: `+1415555${1000 + index}` }, from);
    expect((await flood(700, signUp))[429]).toBeGreaterThanOrEqual(90);
  }, 60_000);

  it('a script meets them: large bodies without a token', async () => {
    const from = newAddress();
    // Most of the minute's requests are small: large ones alone would take up the minute on a slow machine, and begin another.
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const get = async () => {
      const [response] = (await once(request(`${stack.url}/chatroom`, { headers: from, agent }).end(), 'response')) as [
        IncomingMessage,
      ];
      await once(response.resume(), 'end');
      return { status: response.statusCode ?? 0 };
    };
    expect(await flood(2_900, get)).toEqual({ 401: 2_900 });
    agent.destroy();
    const headers = { ...from, 'content-type': 'application/json' };
    const body = Buffer.from('[]'.repeat(120_000));
    // Each on a connection of its own, which is left as soon as the answer begins: `fetch` would take several times as long.
    const post = async () => {
      const call = request(`${stack.url}/chatroom/x/message`, { method: 'POST', headers, agent: false });
      call.end(body);
      const [response] = (await once(call, 'response')) as [IncomingMessage];
      call.on('error', () => undefined).destroy();
      return { status: response.statusCode ?? 0 };
    };
    const counts = await flood(400, post);
    expect(counts[401]).toBeLessThanOrEqual(100);
    expect(counts[429]).toBeGreaterThanOrEqual(300);
  }, 120_000);

  it("a script meets them: Stripe's pages", async () => {
    const { http } = await signUpAndLogIn(stack.http.with(newAddress()));
    const subscribe = (index: number) =>
      http.post('/subscription/subscribe/pro', { successUrl: `http://localhost:3000/${index % 2}` });
    expect((await flood(40, subscribe))[429]).toBe(30);
  });

  it('a script meets them: rooms that are created and deleted', async () => {
    const { http } = await signUpAndLogIn(stack.http.with(newAddress()));
    const change = async () => {
      const { status, body } = await http.post<{ id?: string }>('/chatroom', { title: 'x'.repeat(60) });
      if (body.id !== undefined) await http.delete(`/chatroom/${body.id}`);
      return { status };
    };
    expect((await flood(1_300, change, { untilRefused: true }))[429]).toBeGreaterThan(0);
  }, 60_000);

  it("parallel requests don't pass a plan's number of rooms", async () => {
    const { http } = await signUpAndLogIn(stack.http.with(newAddress()));
    const answers = await Promise.all(Array.from({ length: 50 }, () => http.post<{ code?: string }>('/chatroom', {})));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ body }) => body.code === 'too_many_chatrooms')).toHaveLength(47);
  });
});
