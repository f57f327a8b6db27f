import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import { RawConnection } from '../support/http/raw-connection.js';
import { newPhone, type Person, signUpAndLogIn } from '../support/login.js';
import { type Stack, startStack } from '../support/stack.js';

/** The largest body of a message and less than what a client may send without a token. */
const LARGE_BYTES = 240_000;
const ID = '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  stack = await startStack({ workers: 0, env: { TRUST_PROXY_HOPS: '1' } });
  person = await signUpAndLogIn(stack.http);
}, 120_000);
afterAll(() => stack?.stop());

describe('who is asking comes before what is said', () => {
  const bodies: [string, string, Record<string, string>][] = [
    ['malformed JSON', '{"broken', {}],
    ['JSON that reaches the prototype', '{"__proto__": {}}', {}],
    ['properties that are not known', '{"unknown": 1}', {}],
    ['a body that is too large', `"${'x'.repeat(300_000)}"`, {}],
    ['another media type', 'x=1', { 'content-type': 'text/plain' }],
    ['no media type at all', 'x=1', { 'content-type': '/' }],
    ['an encoded body', 'x', { 'content-encoding': 'gzip' }],
    ['another charset', '{}', { 'content-type': 'application/json; charset=utf-16' }],
  ];
  const routes = [
    'POST /auth/logout',
    'DELETE /auth/sessions/x',
    'PATCH /user/me',
    'DELETE /user/me',
    'POST /chatroom',
    'PATCH /chatroom/x',
    `POST /chatroom/${ID}/message`,
    `POST /chatroom/${ID}/message/${ID}/cancel`,
    'POST /subscription/subscribe/pro',
    'POST /subscription/portal',
  ];
  const expectUnauthenticated = async (http: HttpClient, route: string, sent = {}) => {
    const [method = '', path = ''] = route.split(' ');
    const { status, body, headers } = await http.send(method, path, sent);
    expect([status, body['code'], headers.get('www-authenticate')?.split(' ')[0]]).toEqual([
      401,
      'unauthenticated',
      'Bearer',
    ]);
  };

  it.each(bodies)('a request without a token is 401 with %s', async (_, body, headers) => {
    for (const route of routes) await expectUnauthenticated(stack.http, route, { body, headers });
  });

  it.each(routes)('a broken token is as good as none: %s', async (route) => {
    await expectUnauthenticated(stack.http.as('a.b.c'), `${route}?unknown=1`, { body: '{"broken' });
  });

  it('the token of a session that has ended is as good as none', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    expect((await http.post('/auth/logout')).status).toBe(204);
    await expectUnauthenticated(http, 'POST /chatroom', { body: '{"broken' });
  });

  it('a body is judged once the token is valid', async () => {
    expect((await person.http.post('/chatroom', '{"broken')).status).toBe(400);
    expect((await person.http.post('/chatroom', 'x=1', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('paths and methods that do not exist are told to everybody, whatever the body is', async () => {
    expect((await stack.http.post('/nowhere', '{"broken')).status).toBe(404);
    expect((await stack.http.post('/chatroom//message', '{"broken')).status).toBe(404);
    const { status, headers } = await stack.http.send('PUT', '/chatroom', { body: '{"broken' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
    expect((await stack.http.send('OPTIONS', '/chatroom')).status).toBe(204);
    expect((await stack.http.get('/docs')).status).toBe(200);
    expect((await stack.http.get('/openapi.json')).status).toBe(200);
  });

  it('a HEAD is let in like a GET', async () => {
    expect((await stack.http.send('HEAD', '/user/me')).status).toBe(401);
    expect((await person.http.send('HEAD', '/user/me')).status).toBe(200);
  });
});

describe('an answer does not wait for a body that is not wanted', () => {
  const heads: [number, string][] = [
    [401, 'POST /chatroom'],
    [401, 'PATCH /user/me'],
    [404, 'POST /nowhere'],
    [405, 'PUT /chatroom'],
    [413, 'POST /auth/signup'],
  ];

  it.each(heads)('%i to %s', async (status, route) => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead(`${route} HTTP/1.1`, 'Content-Type: application/json', `Content-Length: ${LARGE_BYTES}`);
    await eventually(() => connection.text.includes('"requestId"'));
    expect(connection.status).toBe(status);
    expect(connection.text).toMatch(/\r\nconnection: close\r\n/i);
    connection.close();
  });

  it('not to the end of a chunked one', async () => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked');
    connection.socket.write('5\r\n[    \r\n');
    await eventually(() => connection.text.includes('"requestId"'));
    expect(connection.status).toBe(401);
    connection.close();
  });

  it('whoever sends all before reading gets it, too', async () => {
    const connection = await RawConnection.open(stack.url);
    connection.socket.pause();
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', `Content-Length: ${LARGE_BYTES}`);
    await new Promise((sent) => connection.socket.write('x'.repeat(LARGE_BYTES), sent));
    connection.socket.resume();
    expect(await connection.ended).toMatch(/^HTTP\/1\.1 401 [^]*"requestId":"[^"]*"}$/);
  });

  it('whoever sends slowly gets it meanwhile', async () => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1000000');
    await eventually(() => {
      connection.socket.write('[');
      return connection.text.includes('"requestId"');
    });
    expect(connection.status).toBe(401);
    connection.close();
  });

  /** Sends without end, until the connection is cut, and gives what was answered. */
  async function uploadUntilCut(): Promise<string> {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1000000000');
    const chunk = Buffer.alloc(1_000_000, '[');
    while (!connection.socket.destroyed && connection.socket.bytesWritten < 500_000_000) {
      if (!connection.socket.write(chunk)) {
        await Promise.race([new Promise((drained) => connection.socket.once('drain', drained)), connection.ended]);
      }
    }
    const answer = await connection.ended;
    const { bytesWritten } = connection.socket;
    return bytesWritten < 20_000_000 ? answer : `It took ${bytesWritten} bytes.`;
  }

  it('an upload without end is cut', async () => {
    // A client that writes on may lose the answer with the connection before it has read it (RFC 9112, section 9.6).
    const answer = await eventually(uploadUntilCut);
    expect(answer).toMatch(/^HTTP\/1\.1 401 [^]*"requestId":"[^"]*"}$/);
  });

  it('a connection on which a short body was refused serves on', async () => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 4');
    await eventually(() => connection.status === 401);
    connection.socket.write('true');
    connection.sendHead('GET /health/live HTTP/1.1');
    await eventually(() => connection.text.includes('"status":"ok"'));
    expect(connection.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
    connection.close();
  });
});

describe('a client that waits for 100 Continue', () => {
  const expecting = async (...lines: string[]) => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Expect: 100-continue', ...lines);
    return connection;
  };

  it('is refused without a token, and sends nothing', async () => {
    const connection = await expecting('Content-Length: 2');
    await eventually(() => connection.text.includes('"requestId"'));
    expect(connection.text).toMatch(/^HTTP\/1\.1 401 [^]*\r\nconnection: close\r\n/i);
    connection.close();
  });

  it('is refused when its body would be too large, and sends nothing', async () => {
    const connection = await expecting(
      `Authorization: Bearer ${person.tokens.accessToken}`,
      'Content-Length: 100000000',
    );
    await eventually(() => connection.text.includes('"requestId"'));
    expect(connection.text).toMatch(/^HTTP\/1\.1 413 /);
    connection.close();
  });

  it('gets the end of its connection with any other refusal of what it expects: it may send its body or not', async () => {
    const connection = await RawConnection.open(stack.url);
    connection.sendHead('POST /chatroom HTTP/1.1', 'Content-Type: application/json', 'Expect: y', 'Content-Length: 60');
    await eventually(() => connection.text.includes('"requestId"'));
    expect(connection.text).toMatch(/^HTTP\/1\.1 417 [^]*\r\nconnection: close\r\n/i);
    connection.close();
  });

  it('is told to go on with a token', async () => {
    const connection = await expecting(`Authorization: Bearer ${person.tokens.accessToken}`, 'Content-Length: 2');
    await eventually(() => connection.text.startsWith('HTTP/1.1 100 Continue'));
    connection.socket.write('{}');
    await eventually(() => connection.text.includes('HTTP/1.1 201 Created'));
    connection.close();
  });
});

describe('bodies of /auth/*', () => {
  it('have at most 4 KiB', async () => {
    const padded = (bytes: number) => JSON.stringify({ phone: newPhone() }).padEnd(bytes, ' ');
    expect((await stack.http.post('/auth/signup', padded(4_096))).status).toBe(202);
    for (const path of ['/auth/signup', '/auth/send-otp', '/auth/verify-otp', '/auth/refresh']) {
      const { status, body } = await stack.http.post(path, padded(4_097));
      expect([status, body['code']]).toEqual([413, 'payload_too_large']);
    }
    expect((await person.http.post('/auth/logout', padded(4_097))).status).toBe(413);
    expect((await person.http.post('/chatroom', '{}'.padEnd(200_000, ' '))).status).toBe(201);
  });
});
