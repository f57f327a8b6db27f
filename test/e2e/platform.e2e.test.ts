import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import type { Answer } from '../support/http/http-client.js';
import { type Stack, type StackOptions, startStack } from '../support/stack.js';
import { TcpProxy } from '../support/http/tcp-proxy.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** Every error is a problem document, whichever part of the API reports it. */
function expectProblem(answer: Answer<unknown>, status: number, code: string, instance: string): void {
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({
    type: `/problems/${code}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
    instance,
    code,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.status).toBe(status);
}

describe('the API', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      workers: 0,
      sandbox: false,
      env: { CORS_ORIGINS: 'https://app.example.com', BODY_LIMIT_BYTES: '2048' },
    });
  }, 90_000);
  afterAll(() => stack?.stop());

  describe('answers an error as problem details', () => {
    it('for an unknown route, without the query', async () => {
      expectProblem(await stack.http.get('/nowhere?token=secret'), 404, 'not_found', '/nowhere');
    });

    it('for an unknown route, whatever the body is like', async () => {
      expectProblem(await stack.http.post('/nowhere', '{"broken'), 404, 'not_found', '/nowhere');
    });

    it('for a method that the path lacks, with the methods that it has', async () => {
      const answer = await stack.http.get('/auth/signup');
      expectProblem(answer, 405, 'method_not_allowed', '/auth/signup');
      expect(answer.headers.get('allow')).toBe('OPTIONS, POST');
    });

    it('for a body that is not JSON', async () => {
      expectProblem(await stack.http.post('/auth/signup', '{"phone": '), 400, 'malformed_json', '/auth/signup');
    });

    it('for a body that tries to reach the prototype', async () => {
      const answer = await stack.http.post('/auth/signup', '{"__proto__": {"admin": true}}');
      expectProblem(answer, 400, 'malformed_json', '/auth/signup');
    });

    it('for a body of another type', async () => {
      const answer = await stack.http.post('/auth/signup', 'phone=1', { 'content-type': 'text/plain' });
      expectProblem(answer, 415, 'unsupported_media_type', '/auth/signup');
    });

    it('for a body that is too large', async () => {
      const answer = await stack.http.post('/auth/signup', { phone: '1'.repeat(3_000) });
      expectProblem(answer, 413, 'payload_too_large', '/auth/signup');
    });

    it('for a body that is no object', async () => {
      const answer = await stack.http.post('/auth/signup', [1]);
      expectProblem(answer, 400, 'validation_failed', '/auth/signup');
      expect(answer.body).toMatchObject({ errors: [{ pointer: '' }] });
    });

    it('for properties that are missing, wrong or unknown, each with its pointer', async () => {
      const answer = await stack.http.post('/auth/signup', { name: 7, admin: true });
      expectProblem(answer, 400, 'validation_failed', '/auth/signup');
      const { errors } = answer.body as { errors: { pointer: string }[] };
      expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(new Set(['/phone', '/name', '/admin']));
    });

    it('for a path that cannot be decoded', async () => {
      expectProblem(await stack.http.get('/%zz'), 400, 'bad_request', '/%zz');
    });

    it('for a missing token, saying how to authenticate', async () => {
      const answer = await stack.http.get('/user/me');
      expectProblem(answer, 401, 'unauthenticated', '/user/me');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });

    it('for bytes that are not HTTP', async () => {
      const socket = await dial(stack);
      socket.write('EHLO there\r\n\r\n');
      const answer = await read(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*application\/problem\+json[^]*"code":"bad_request"/);
    });
  });

  describe('gives each request an id', () => {
    it("which is the client's own when that is well-formed", async () => {
      const answer = await stack.http.get('/nowhere', { 'x-request-id': 'web-4711.a_b' });
      expect(answer.headers.get('x-request-id')).toBe('web-4711.a_b');
      await eventually(() => stack.api().log.some((line) => line.includes('"requestId":"web-4711.a_b"')));
    });

    it.each(['', 'a'.repeat(200), '<script>', 'two words'])(
      'which is a new one when that of the client is %j',
      async (id) => {
        const answer = await stack.http.get('/health/live', { 'x-request-id': id });
        expect(answer.headers.get('x-request-id')).toMatch(UUID);
      },
    );
  });

  it('answers HEAD like GET, and OPTIONS with what the path has', async () => {
    const head = await stack.http.send('HEAD', '/health/live');
    expect([head.status, head.body]).toEqual([200, undefined]);
    const options = await stack.http.send('OPTIONS', '/health/live');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('allows pages of the configured origin, and no others, to call it', async () => {
    const ask = (origin: string) =>
      stack.http.send('OPTIONS', '/auth/signup', {
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const own = await ask('https://app.example.com');
    expect(own.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(own.headers.get('access-control-allow-headers')).toBe('authorization');
    expect((await ask('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await stack.http.get('/health/live', { origin: 'https://app.example.com' });
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/RateLimit.*Retry-After.*X-Request-Id/);
    const refused = await stack.http.get('/user/me', { origin: 'https://app.example.com' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://app.example.com',
    ]);
    expect((await stack.http.send('OPTIONS', '/nowhere')).status).toBe(404);
  });

  it('serves its description and a page to try it, all from its own files', async () => {
    expect((await stack.http.get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    const page = await stack.http.get<string>('/docs');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      expect(asset).not.toMatch(/^(https?:)?\/\//);
      expect((await stack.http.get(new URL(asset, 'http://x/docs').pathname)).status).toBe(200);
    }
  });

  it('measures requests by route pattern alone, on the port for operators', async () => {
    await stack.http.get('/auth/sessions?secret=1');
    await stack.http.get('/nowhere/at/all');
    await untilHolds(async () => {
      const metrics = await (await fetch(stack.api().metricsUrl)).text();
      expect(metrics).toMatch(
        /http_request_duration_seconds_count\{method="GET",route="\/auth\/sessions",status="401"\} 1/,
      );
      expect(metrics).toMatch(/route="unknown",status="404"/);
      expect(metrics).toContain('process_cpu_seconds_total');
      expect(metrics).not.toMatch(/secret|nowhere/);
    });
  });
});

describe('health', () => {
  let stack: Stack;
  let postgres: TcpProxy;
  let redis: TcpProxy;

  beforeAll(async () => {
    const server = new URL(process.env['DATABASE_URL'] ?? '');
    postgres = await TcpProxy.to(server.hostname, Number(server.port || 5432));
    redis = await TcpProxy.to(process.env['REDIS_HOST'] ?? '127.0.0.1', Number(process.env['REDIS_PORT'] ?? 6379));
    stack = await startStack({ apis: 0, workers: 0, sandbox: false });
    const through = {
      DATABASE_URL: Object.assign(new URL(stack.database.url), { hostname: '127.0.0.1', port: String(postgres.port) })
        .href,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(redis.port),
    };
    await stack.add('api', through);
    await stack.add('worker', { ...through, GEMINI_API_KEY: 'none', GEMINI_BASE_URL: 'http://127.0.0.1:9' });
  }, 90_000);
  afterEach(() => {
    postgres.mend();
    redis.mend();
  });
  afterAll(async () => {
    await stack?.stop();
    await Promise.all([postgres?.close(), redis?.close()]);
  });

  /** Where operators ask. */
  const operated = () => [stack.api().metricsUrl.replace('/metrics', ''), stack.worker().url];
  const everyProcess = () => [stack.api().url, ...operated()];
  const readiness = async (url: string) => {
    const response = await fetch(`${url}/health/ready`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('is ok while PostgreSQL and Redis answer', async () => {
    for (const url of operated()) {
      const body = { status: 'ok', checks: { postgresql: 'up', redis: 'up', queue: 'up' } };
      await untilHolds(async () => expect(await readiness(url)).toEqual({ status: 200, body }));
    }
  });

  it('says on the public port nothing of what it depends on', async () => {
    await untilHolds(async () => expect(await readiness(stack.url)).toEqual({ status: 200, body: { status: 'ok' } }));
    redis.sever();
    const body = { status: 'degraded' };
    await untilHolds(async () => expect(await readiness(stack.url)).toEqual({ status: 200, body }));
    postgres.sever();
    await untilHolds(async () => expect((await readiness(stack.url)).status).toBe(503));
    const refused = await readiness(stack.url);
    expect(JSON.stringify(refused.body)).not.toMatch(/postgres|redis|database|checks|up|down/i);
  });

  it('is degraded, but still ready, without Redis', async () => {
    redis.sever();
    for (const url of operated()) {
      const body = { status: 'degraded', checks: { postgresql: 'up', redis: 'down', queue: 'down' } };
      await untilHolds(async () => expect(await readiness(url)).toEqual({ status: 200, body }));
    }
  });

  it('is not ready without PostgreSQL, ready again with it, and the process keeps running', async () => {
    await untilHolds(async () => expect((await readiness(stack.api().url)).body['status']).toBe('ok'));
    postgres.sever();
    for (const url of everyProcess()) {
      await untilHolds(async () => expect((await readiness(url)).status).toBe(503));
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
    }
    const answer = await stack.http.get('/health/ready');
    expectProblem(answer, 503, 'not_ready', '/health/ready');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    postgres.mend();
    await untilHolds(async () => expect((await readiness(stack.api().url)).status).toBe(200));
  });

  it('answers a request that needs PostgreSQL with 503 and Retry-After', async () => {
    postgres.sever();
    const answer = await stack.http.post('/auth/signup', { phone: '+14155550100' });
    expectProblem(answer, 503, 'service_unavailable', '/auth/signup');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('an API process that gets SIGTERM', () => {
  let stack: Stack;

  beforeEach(async () => {
    stack = await startStack({ workers: 0, sandbox: false, env: { SHUTDOWN_TIMEOUT_MS: '60000' } });
  }, 90_000);
  afterEach(() => stack?.stop());

  it('reports that it shuts down, finishes the request in flight, and exits with 0', async () => {
    const socket = await dial(stack);
    const finish = await beginSignup(socket);
    const exit = stack.api().kill('SIGTERM');
    await untilHolds(async () => {
      const operations = stack.api().metricsUrl.replace('/metrics', '/health/ready');
      const response = await fetch(operations);
      expect([response.status, await response.json()]).toEqual([
        503,
        expect.objectContaining({ status: 'shutting_down' }),
      ]);
    });
    await eventually(() => refused(stack));
    finish();
    expect(await read(socket)).toMatch(/^HTTP\/1\.1 202 /);
    expect(await exit).toMatchObject({ code: 0 });
  }, 60_000);

  it('serves kept and new connections until its delay is over, and has each closed behind an answer', async () => {
    // All that is asked below is asked within the delay, however slow the machine is.
    await stack.api().restart({ SHUTDOWN_DELAY_MS: '15000' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = { status: 200, connection: 'keep-alive' };
    expect(await ask(stack, agent)).toEqual({ ...kept, reused: false });
    expect(await ask(stack, agent)).toEqual({ ...kept, reused: true });
    const exit = stack.api().kill('SIGTERM');
    await untilHolds(async () => expect((await stack.http.get('/health/ready')).status).toBe(503));
    expect(await ask(stack, agent)).toEqual({ status: 200, connection: 'close', reused: true });
    expect(await ask(stack, agent)).toEqual({ status: 200, connection: 'close', reused: false });
    const signup = await stack.http.post('/auth/signup', { phone: '+14155550124' });
    expect({ status: signup.status, connection: signup.headers.get('connection') }).toEqual({
      status: 202,
      connection: 'close',
    });
    expect(await exit).toMatchObject({ code: 0 });
  }, 120_000);

  it('exits with 1 when a request does not finish within the timeout', async () => {
    await stack.api().restart({ SHUTDOWN_TIMEOUT_MS: '3000' });
    await beginSignup(await dial(stack));
    expect(await stack.api().kill('SIGTERM')).toMatchObject({ code: 1 });
    expect(stack.api().log.join('\n')).toContain('still in flight after 3000 ms');
  }, 60_000);
});

describe("the operators' port", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ sandbox: false, env: { GEMINI_API_KEY: 'none' } });
  }, 90_000);
  afterAll(() => stack?.stop());

  // Every address of 127.0.0.0/8 is this machine's on Linux, and one that listens everywhere answers there.
  const elsewhere = (url: string) =>
    fetch(url.replace('127.0.0.1', '127.0.0.2'), { signal: AbortSignal.timeout(20_000) });

  it('is open to this machine alone unless METRICS_HOST says otherwise', async () => {
    for (const each of [stack.api(), stack.worker()]) {
      expect((await fetch(each.metricsUrl)).status).toBe(200);
      await expect(elsewhere(each.metricsUrl)).rejects.toThrow('fetch failed');
    }
    for (const each of [stack.api(), stack.worker()]) {
      await each.restart({ METRICS_HOST: '0.0.0.0' });
      expect((await elsewhere(each.metricsUrl)).status).toBe(200);
    }
  }, 120_000);

  it('that is taken keeps a process from starting, by its number', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const taken = `cannot start. Port ${port} of 127.0.0.1 is taken`;
    await expect(stack.add('worker', { WORKER_HEALTH_PORT: String(port) })).rejects.toThrow(taken);
    await expect(stack.add('api', { METRICS_PORT: String(port) })).rejects.toThrow(taken);
    holder.close();
  }, 60_000);
});

describe('a process that cannot start', () => {
  it('refuses in production all that is public, and says so by name', async () => {
    const env = {
      NODE_ENV: '',
      JWT_SECRET: 'a'.repeat(32),
      OTP_SECRET: 'known-to-everybody-and-only-for-development',
      OTP_DELIVERY: 'webhook',
      OTP_WEBHOOK_URL: 'http://127.0.0.1:9200/sms/webhook',
      OTP_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      STRIPE_SECRET_KEY: 'sk_test_sandbox',
      STRIPE_API_BASE_URL: 'http://127.0.0.1:9200',
      STRIPE_WEBHOOK_SECRET: 'whsec_sandbox',
      GEMINI_API_KEY: 'sandbox',
      GEMINI_BASE_URL: 'http://127.0.0.1:9200',
    };
    const refusal = (options: StackOptions): Promise<string> =>
      startStack({ sandbox: false, env, ...options }).then(
        () => 'It has started.',
        (reason: Error) => reason.message,
      );
    const fine = ['NODE_ENV', 'OTP_DELIVERY'];
    const ofWorker = ['GEMINI_API_KEY', 'GEMINI_BASE_URL'];
    const api = await refusal({ workers: 0 });
    const ofApi = Object.keys(env).filter((name) => ![...fine, ...ofWorker].includes(name));
    for (const name of ofApi) expect(api).toContain(`- ${name}`);
    const worker = await refusal({ apis: 0 });
    for (const name of [...ofWorker, 'STRIPE_SECRET_KEY']) expect(worker).toContain(`- ${name}`);
    const values = Object.entries(env).flatMap(([name, value]) =>
      fine.includes(name) || value === 'sandbox' ? [] : [value],
    );
    for (const value of values) expect(`${api}${worker}`).not.toContain(value);
    const typo = await refusal({ workers: 0, env: { ...env, NODE_ENV: 'prod' } });
    expect(typo).toMatch(/NODE_ENV must be one of[^]*JWT_SECRET/);
  }, 120_000);

  it('names the invalid variables of its configuration, not their values', async () => {
    const start = startStack({ workers: 0, sandbox: false, env: { LOG_LEVEL: 'hunter2', JWT_SECRET: 'short' } });
    const error: unknown = await start.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(/LOG_LEVEL/);
    expect(String(error)).toMatch(/JWT_SECRET/);
    expect(String(error)).not.toMatch(/hunter2|short|\bat \w/);
  });
});

/** One request, and whether it went over a connection that had served another one. */
async function ask(stack: Stack, agent: Agent): Promise<{ status?: number; connection?: string; reused: boolean }> {
  const request = get(`${stack.url}/plans`, { agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
  return { status: response.statusCode, connection: response.headers.connection, reused: request.reusedSocket };
}

async function dial(stack: Stack): Promise<Socket> {
  const { hostname, port } = new URL(stack.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** Waits until an expectation is met. */
function untilHolds(expectation: () => Promise<unknown>): Promise<unknown> {
  return eventually(() => expectation().then(() => true));
}

/** Everything that arrives until the other side closes the connection. */
async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Sends the head of a sign-up and waits until the API asks for its body, which the returned function sends. */
async function beginSignup(socket: Socket): Promise<() => void> {
  const body = JSON.stringify({ phone: '+14155550123' });
  socket.write(
    `POST /auth/signup HTTP/1.1\r\nHost: api\r\nConnection: close\r\nExpect: 100-continue\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1\.1 100 /);
  return () => socket.write(body);
}

/** Whether the API refuses new connections. */
async function refused(stack: Stack): Promise<boolean> {
  try {
    (await dial(stack)).destroy();
    return false;
  } catch {
    return true;
  }
}
