import { METHODS } from 'node:http';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { RawConnection } from '../support/http/raw-connection.js';
import { type RawAnswer, sendRaw } from '../support/http/raw-http.js';
import { type Stack, startStack } from '../support/stack.js';

const UNKNOWN_ID = '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  person = await signUpAndLogIn(stack.http);
}, 120_000);

afterAll(() => stack?.stop());

/** A problem with all that each has, whichever part of the API wrote it. */
function expectProblem({ status, headers, body }: Omit<RawAnswer, 'text'>, code: string): void {
  expect(body).toMatchObject({
    type: `/problems/${code}`,
    title: expect.any(String),
    status,
    code,
    requestId: headers.get('x-request-id'),
  });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(headers.get('x-request-id')).toBeTruthy();
}

const ask = (line: string, ...headers: string[]) => sendRaw(stack.url, [`${line} HTTP/1.1`, 'Host: api', ...headers]);

describe('a method that a path does not have', () => {
  const PATHS: [path: string, allow: string][] = [
    ['/auth/signup', 'OPTIONS, POST'],
    [`/chatroom/${UNKNOWN_ID}`, 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    ['/health/live', 'GET, HEAD, OPTIONS'],
    ['/docs/swagger-ui.css', 'GET, HEAD, OPTIONS'],
    ['/problems/not_found', 'GET, HEAD, OPTIONS'],
  ];
  // Methods that Node reads, and some that it doesn't.
  const methods = [...METHODS.filter((method) => method !== 'CONNECT'), 'BREW', 'FOO', 'get', 'X-Y'];

  it.each(PATHS)('is answered 405 with Allow, whatever the method is: %s', async (path, allow) => {
    const others = methods.filter((method) => !allow.split(', ').includes(method));
    for (const method of others) {
      const answer = await ask(`${method} ${path}`);
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, allow]);
      if (method !== 'HEAD') expectProblem(answer, 'method_not_allowed');
    }
  });

  it('is a 404 where there is no path either', async () => {
    for (const method of methods) {
      const answer = await ask(`${method} /nowhere`);
      expect([method, answer.status]).toEqual([method, 404]);
      if (method !== 'HEAD') expectProblem(answer, 'not_found');
    }
  });

  it('is told of a tunnel, too', async () => {
    const answer = await ask('CONNECT example.com:443');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT']);
    expectProblem(answer, 'method_not_allowed');
  });
});

describe('what is sent behind a request that has no answer yet', () => {
  const FIRST = ['GET /auth/sessions HTTP/1.1', 'Host: api'];
  it.each([
    ['a method that Node does not read', 'BREW /chatroom HTTP/1.1\r\nHost: api\r\n\r\n'],
    ['no HTTP', 'nonsense\r\n\r\n'],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: api\r\n\r\n'],
  ])('never gets its answer in the place of the first one: %s', async (_, second) => {
    const token = `Authorization: ${person.http.authorization['authorization']}`;
    const connection = await RawConnection.open(stack.url);
    connection.socket.write([...FIRST, token, '', second].join('\r\n'));
    const text = await connection.ended;
    expect(text === '' ? 'nothing' : text).toMatch(/^(?:nothing$|HTTP\/1\.1 200 )/);
  });
});

describe('OPTIONS', () => {
  it.each([['/user/me'], [`/chatroom/${UNKNOWN_ID}`]])('says what PATCH takes: %s', async (path) => {
    const answer = await stack.http.send('OPTIONS', path);
    expect([answer.status, answer.headers.get('accept-patch')]).toEqual([204, 'application/json']);
  });

  it('says nothing of PATCH where there is none', async () => {
    expect((await stack.http.send('OPTIONS', '/chatroom')).headers.get('accept-patch')).toBeNull();
  });
});

describe('the Host of a request', () => {
  const send = (version: string, ...headers: string[]) =>
    sendRaw(stack.url, [`GET /health/live HTTP/${version}`, ...headers]);

  it.each([
    ['is missing', []],
    ['comes twice', ['Host: api', 'Host: other']],
    ['comes twice, the same', ['Host: api', 'host: api']],
    ['is none', ['Host: a/b']],
    ['is two', ['Host: a, b']],
    ['has a user', ['Host: me@api']],
    ['has a space', ['Host: a b']],
  ])('is refused as a problem when it %s', async (_, headers) => {
    const answer = await send('1.1', ...headers);
    expect(answer.status).toBe(400);
    expectProblem(answer, 'bad_request');
  });

  it.each(['api', 'api.example.com:8000', '127.0.0.1:8000', '[::1]:8000', ''])('may be %j', async (host) => {
    expect((await send('1.1', `Host: ${host}`)).status).toBe(200);
  });

  it('is not asked of HTTP/1.0', async () => {
    expect((await send('1.0')).status).toBe(200);
  });
});

describe('Expect', () => {
  const head = (path: string, expectation: string, body: string, ...headers: string[]) =>
    sendRaw(
      stack.url,
      [
        `POST ${path} HTTP/1.1`,
        'Host: api',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        `Expect: ${expectation}`,
        ...headers,
      ],
      body,
    );
  const authorization = () => `Authorization: ${person.http.authorization['authorization']}`;

  it('is a problem unless it is 100-continue', async () => {
    for (const expectation of ['200-ok', '100-continue, 200-ok', 'nonsense']) {
      const answer = await head('/chatroom', expectation, '{}', authorization());
      expect([expectation, answer.status]).toEqual([expectation, 417]);
      expectProblem(answer, 'expectation_failed');
      expect(answer.text).not.toContain('100 Continue');
    }
  });

  it('100-continue is asked to go on', async () => {
    const answer = await head('/chatroom', '100-continue', '{}', authorization());
    expect(answer.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });

  it('100-continue gets no 100 where the body will not be read', async () => {
    for (const [path, status, ...headers] of [
      ['/user/me', 405],
      ['/nowhere', 404],
      ['/chatroom', 415, 'Content-Encoding: gzip', authorization()],
    ] as [string, number, ...string[]][]) {
      const answer = await head(path, '100-continue', '{}', ...headers);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.text).not.toContain('100 Continue');
    }
  });

  it('100-continue gets no 100 before the caller is known', async () => {
    for (const header of ['X-Nothing: 1', 'Authorization: Bearer a.b.c']) {
      const answer = await head('/chatroom', '100-continue', '{}', header);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain('100 Continue');
    }
  });
});

describe('a body', () => {
  const post = (headers: Record<string, string>, body: unknown = {}) => person.http.post('/chatroom', body, headers);

  it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x-unheard-of'])(
    'with the Content-Encoding %j is refused, saying which is taken',
    async (encoding) => {
      const answer = await post({ 'content-encoding': encoding });
      expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
      expectProblem(answer, 'unsupported_media_type');
    },
  );

  it('is refused with it on PATCH, which says what it takes, and on DELETE', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const patched = await person.http.patch('/user/me', { name: 'Ada' }, headers);
    expect([patched.status, patched.headers.get('accept-patch')]).toEqual([415, 'application/json']);
    const path = `/chatroom/${await openRoom(person.http)}`;
    expect((await person.http.send('DELETE', path, { body: {}, headers })).status).toBe(415);
  });

  it('of the webhook is refused with it, too', async () => {
    const answer = await stack.http.post('/subscription/webhook/stripe', {}, { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
  });

  it('is read with the encoding that is none', async () => {
    expect((await post({ 'content-encoding': 'identity' })).status).toBe(201);
  });

  it.each(['iso-8859-1', 'utf-16', '"windows-1252"', 'us-ascii', '""'])(
    'with the charset %s is refused',
    async (charset) => {
      const answer = await post({ 'content-type': `application/json; charset=${charset}` });
      expect([answer.status, answer.headers.get('accept')]).toEqual([415, 'application/json']);
      expectProblem(answer, 'unsupported_media_type');
    },
  );

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('with the charset %s is read', async (charset) => {
    expect((await post({ 'content-type': `application/json;charset=${charset}` })).status).toBe(201);
  });

  it('of a DELETE that knows none is refused with what it holds', async () => {
    const room = await openRoom(person.http);
    const refused = await person.http.send('DELETE', `/chatroom/${room}`, { body: { unknown: 1 } });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/unknown' }] } });
    expect((await person.http.send('DELETE', `/chatroom/${room}`, { body: {} })).status).toBe(204);
  });
});

describe('a refused token', () => {
  const challenge = async (authorization?: string) => {
    const answer = await stack.http.get('/user/me', authorization === undefined ? {} : { authorization });
    expect(answer.status).toBe(401);
    return answer.headers.get('www-authenticate');
  };

  it.each(['Bearer a.b.c', 'bearer nonsense', 'Bearer two words', 'Bearer ü'])(
    'is told to be one: %s',
    async (sent) => {
      expect(await challenge(sent)).toMatch(/^Bearer error="invalid_token"/);
    },
  );

  it('is told to be one when its session has ended', async () => {
    const { http } = await signUpAndLogIn(stack.http, person.phone);
    await http.post('/auth/logout');
    expect((await http.get('/user/me')).headers.get('www-authenticate')).toMatch(/error="invalid_token"/);
  });

  it.each([undefined, 'Bearer', 'Basic dXNlcjpwYXNz', 'Token abc'])('is none where there is none: %s', async (sent) => {
    expect(await challenge(sent)).toBe('Bearer');
  });
});

describe('the title of a room', () => {
  it('is taken away by null, as it may be null from the start', async () => {
    expect((await person.http.post('/chatroom', { title: null })).body['title']).toBeNull();
    const room = await openRoom(person.http, { title: 'Skies' });
    const changed = await person.http.patch(`/chatroom/${room}`, { title: null });
    expect([changed.status, changed.body['title']]).toEqual([200, null]);
    expect((await person.http.get(`/chatroom/${room}`)).body['title']).toBeNull();
  });
});

describe('a number in a query', () => {
  it.each(['1e1', '0x10', '0b1', '%205', '5%20', '5.0', '%2B5', '-5', '05', '%D9%A5', '', '1&limit=2'])(
    'is none when it reads limit=%s',
    async (limit) => {
      const paths = [
        '/chatroom',
        '/auth/sessions',
        '/usage',
        '/search?q=word',
        `/chatroom/${await openRoom(person.http)}`,
      ];
      for (const path of paths) {
        const answer = await person.http.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}`);
        expect([path, answer.status]).toEqual([path, 400]);
        const errors = answer.body['errors'] as { pointer: string }[];
        expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(new Set(['/limit']));
      }
    },
  );

  it.each([
    ['/chatroom', 'cursor=a&cursor=b'],
    ['/chatroom', 'archived=true&archived=true'],
    ['/search', 'q=a&q=b'],
    ['/usage', 'from=2026-11-01&from=2026-11-02'],
  ])('and nothing else may come twice: %s?%s', async (path, query) => {
    expect(await person.http.get(`${path}?${query}`)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
  });
});

it('the answer to a HEAD has no body, even where the request is refused before it is read', async () => {
  const connection = await RawConnection.open(stack.url);
  connection.sendHead('HEAD /health/live HTTP/1.1', `X-Large: ${'x'.repeat(20_000)}`);
  expect(await connection.ended).toMatch(/^HTTP\/1\.1 431 [^]*\r\nConnection: close\r\n\r\n$/);
});

describe('the page of a problem', () => {
  it('explains a code to people, in a page that loads nothing', async () => {
    const { status, headers, body } = await stack.http.get<string>('/problems/daily_quota_exceeded?from=somewhere');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(body).toMatch(/<h1>Daily quota exceeded<\/h1>[^]*daily_quota_exceeded[^]*What to do/);
    expect(body).not.toMatch(/<script|<link|<img/);
    expect((await stack.http.send('HEAD', '/problems/daily_quota_exceeded')).status).toBe(200);
  });

  it.each(['unheard_of', 'constructor', '__proto__', '%3Cscript%3E', 'Not_Found', ''])(
    'is a problem itself where there is no such code: %j',
    async (code) => {
      const answer = await stack.http.get(`/problems/${code}`);
      expect(answer.status).toBe(404);
      expectProblem(answer, 'not_found');
    },
  );

  it('is where the type of a problem leads to', async () => {
    const { body } = await stack.http.get('/user/me');
    const page = await fetch(new URL(body['type'] as string, stack.url));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('>Unauthenticated<')]);
  });
});

describe('the pages of the API', () => {
  it.each([
    '/docs/package.json',
    '/docs/README.md',
    '/docs/LICENSE',
    '/docs/NOTICE',
    '/docs/absolute-path.js',
    '/docs/index.js',
    '/docs/swagger-initializer.js',
    '/docs/swagger-ui-bundle.js.map',
    '/docs/swagger-ui-es-bundle.js',
    '/docs/oauth2-redirect.html',
    '/docs/.package.json',
    '/docs/..%2fswagger-ui-dist%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '/docs/..%5cpackage.json',
    '/docs/swagger-ui.css%00',
    '/docs/%2fetc%2fpasswd',
    '/docs//package.json',
    '/docs/docs/package.json',
    '/package.json',
    '/.env',
    '/.git/config',
    '/dist/api/main.js',
    '/openapi.yaml',
  ])('do not show files that they do not need: %s', async (path) => {
    const answer = await ask(`GET ${path}`);
    expect(answer.status).toBe(404);
    expectProblem(answer, 'not_found');
  });
});
