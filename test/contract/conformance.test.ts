import { createHmac, randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { type Answer, HttpClient, type Sent } from '../support/http/http-client.js';
import { sendRaw } from '../support/http/raw-http.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom, outcome, script, send } from '../support/messages.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';
import { ApiDescription, type Route } from './description.js';

// Many requests, one after the other, take their time on a busy machine.
import.meta.jest.setTimeout(120_000);

const api = new ApiDescription();
const WEBHOOK_SECRET = 'whsec_conformance';
const UNKNOWN_ID = '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20';

/** The answers that differ from the description, and the operations that have succeeded. */
const flaws: string[] = [];
const succeeded = new Set<string>();

/** A client that compares every answer with the description. */
class CheckedClient extends HttpClient {
  override as(token: string): CheckedClient {
    return new CheckedClient(this.base, token);
  }

  override async send<Body = Record<string, unknown>>(
    method: string,
    path: string,
    sent: Sent = {},
  ): Promise<Answer<Body>> {
    const answer = await super.send<Body>(method, path, sent);
    const route = api.routeOf(method, path.split('?')[0] ?? '');
    const flaw = route === null ? 'is not described' : api.flawOf(route, answer);
    if (flaw !== '') flaws.push(`${method} ${path} ${answer.status}: ${flaw}\n${JSON.stringify(answer.body)}`);
    if (route?.operation.operationId && answer.status < 300) succeeded.add(route.operation.operationId);
    return answer;
  }
}

describe('the answers of the running product are as described', () => {
  let stack: Stack;
  let http: CheckedClient;
  let person: Person;

  beforeAll(async () => {
    stack = await startStack({
      env: {
        STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        SANDBOX_STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
        // Each route is called in many ways here.
        RATE_LIMIT_AUTH_PER_MINUTE: '1000',
        RATE_LIMIT_ANONYMOUS_PER_MINUTE: '10000',
        RATE_LIMIT_WRITE_PER_MINUTE: '1000',
        RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000',
      },
    });
    http = new CheckedClient(stack.url);
    person = await signUpAndLogIn(http);
  }, 120_000);
  afterAll(() => stack?.stop());
  afterEach(() => {
    if (flaws.length > 0) throw new Error(flaws.splice(0).join('\n\n'));
  });

  it('for probes', async () => {
    expect((await http.get('/health/live')).status).toBe(200);
    expect((await http.get('/health/ready')).status).toBe(200);
  });

  it('for logging in, keeping and ending sessions', async () => {
    const another = await signUpAndLogIn(http, person.phone);
    const wrong = await http.post('/auth/verify-otp', { challengeId: UNKNOWN_ID, otp: '000000' });
    expect([wrong.status, wrong.body['code']]).toEqual([401, 'otp_invalid']);
    const { refreshToken } = another.tokens;
    expect((await http.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect((await http.post('/auth/refresh', { refreshToken: 'made-up' })).status).toBe(401);
    const sessions = await person.http.get<{ items: { id: string; current: boolean }[] }>('/auth/sessions?limit=10');
    const other = sessions.body.items.find(({ current }) => !current);
    expect((await person.http.delete(`/auth/sessions/${other?.id}`)).status).toBe(204);
    expect((await person.http.delete('/auth/sessions')).status).toBe(204);
    const loggedOut = await signUpAndLogIn(http, person.phone);
    expect((await loggedOut.http.post('/auth/logout')).status).toBe(204);
    expect((await loggedOut.http.get('/user/me')).status).toBe(401);
  });

  it('for the account', async () => {
    expect((await person.http.get('/user/me')).status).toBe(200);
    expect((await person.http.patch('/user/me', { name: 'Ada' })).status).toBe(200);
    expect((await person.http.get('/user/me/export')).status).toBe(200);
    expect((await person.http.get('/usage?from=2026-11-30&to=2026-11-01')).status).toBe(400);
  });

  it('for plans, models and usage', async () => {
    expect((await person.http.get('/usage')).status).toBe(200);
    expect((await http.get('/plans')).status).toBe(200);
    expect((await person.http.get('/models')).status).toBe(200);
  });

  it('for rooms and search', async () => {
    expect((await person.http.post('/chatroom', { model: 'gemini-unheard-of' })).status).toBe(400);
    const room = await openRoom(person.http, { systemInstruction: 'Be brief.' });
    expect((await person.http.patch(`/chatroom/${room}`, { pinned: true, archived: true })).status).toBe(200);
    expect((await person.http.get('/chatroom?archived=true')).status).toBe(200);
    expect((await person.http.get(`/chatroom/${room}?limit=5`)).status).toBe(200);
    expect((await person.http.get('/search?q=word')).status).toBe(200);
    expect((await person.http.delete(`/chatroom/${room}`)).status).toBe(204);
    expect((await person.http.get(`/chatroom/${room}`)).status).toBe(404);
  });

  it('for files', async () => {
    const form = (content: string) =>
      `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`;
    const upload = (content: string) =>
      person.http.post<{ id: string }>('/file', form(content), { 'content-type': 'multipart/form-data; boundary=b' });
    const { status, body } = await upload('Some words');
    expect([status, (await upload('')).status]).toEqual([201, 415]);
    expect((await person.http.post('/file')).status).toBe(400);
    expect((await person.http.get(`/file/${body.id}`)).status).toBe(200);
    const content = (headers: Record<string, string> = {}) => person.http.get(`/file/${body.id}/content`, headers);
    expect((await content()).body).toBe('Some words');
    expect((await content({ range: 'bytes=0-3' })).status).toBe(206);
    expect((await content({ range: 'bytes=99-' })).status).toBe(416);
    expect((await content({ 'if-none-match': `"${body.id}"` })).status).toBe(304);
    // An export that was read before leaves its place a moment later.
    await eventually(async () => (await person.http.get('/user/me/export/files')).status === 200);
    expect((await person.http.delete(`/file/${body.id}`)).status).toBe(204);
  });

  it('for messages with files', async () => {
    const { http: sender } = await proUser(stack, http);
    const room = await openRoom(sender);
    const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nWords\r\n--b--\r\n';
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const { id } = (await sender.post<{ id: string }>('/file', form, headers)).body;
    const messages = `/chatroom/${room}/message`;
    const { status, body } = await sender.post<Accepted>(messages, { content: '', files: [id] });
    expect([status, body.message.files.map((file) => file.id)]).toEqual([202, [id]]);
    expect((await sender.delete(`/file/${id}`)).status).toBe(409);
    expect((await sender.get(`/chatroom/${room}`)).status).toBe(200);
    await outcome(sender, body.reply);
    const edited = (files: string[]) => sender.post(`${messages}/${body.message.id}/edit`, { content: 'Anew', files });
    const key = { 'idempotency-key': randomUUID() };
    expect((await sender.post(messages, { content: '', files: [randomUUID()] })).status).toBe(404);
    expect((await sender.post(`${messages}/stream`, { content: '', files: [randomUUID()] }, key)).status).toBe(404);
    expect((await edited([randomUUID()])).status).toBe(404);
    expect((await edited([])).status).toBe(202);
  });

  it('for a message, its reply, and what can be done with it', async () => {
    const { http: sender } = await proUser(stack, http);
    const room = await openRoom(sender);
    const messages = `/chatroom/${room}/message`;
    const key = { 'idempotency-key': randomUUID() };
    const accepted = await sender.post<Accepted>(messages, { content: 'one word' }, key);
    expect(accepted.status).toBe(202);
    expect((await sender.post(messages, { content: 'one word' }, key)).headers.get('idempotency-replayed')).toBe(
      'true',
    );
    expect((await sender.post(messages, { content: 'another word' }, key)).status).toBe(422);
    const { message, reply } = accepted.body;
    expect((await outcome(sender, reply)).status).toBe('completed');
    expect((await sender.get(`${messages}/${reply.id}/stream`)).status).toBe(200);
    const streamed = { 'idempotency-key': randomUUID() };
    const streams = `${messages}/stream`;
    const asked = await sender.post<string>(streams, { content: 'streamed' }, streamed);
    expect(asked.status).toBe(200);
    const [, done = ''] = /^id: (done\S+)$/m.exec(asked.body) ?? [];
    const ended = await sender.post(streams, { content: 'streamed' }, { ...streamed, 'last-event-id': done });
    expect(ended.status).toBe(204);
    expect((await sender.post(streams, { content: 'streamed' })).body['code']).toBe('idempotency_key_required');
    expect((await sender.post(`${messages}/${reply.id}/regenerate`)).body['code']).toBe('not_latest_reply');
    const rate = (id: string) => sender.send('PUT', `${messages}/${id}/feedback`, { body: { rating: 'up' } });
    expect((await rate(reply.id)).status).toBe(204);
    expect((await rate(message.id)).body['code']).toBe('not_a_reply');
    expect((await sender.get(`${messages}/${message.id}/replies`)).status).toBe(200);
    expect((await sender.get(`/chatroom/${room}`)).status).toBe(200);
    expect((await sender.get('/search?q=word')).body['items']).not.toEqual([]);
    expect((await sender.get('/usage')).body['items']).not.toEqual([]);
  });

  it('for an edit and a fork', async () => {
    const { http: sender } = await proUser(stack, http);
    const room = await openRoom(sender);
    const { message, reply } = await send(sender, room, 'one word');
    await outcome(sender, reply);
    const key = { 'idempotency-key': randomUUID() };
    const edit = (id: string, content: string) =>
      sender.post<Accepted>(`/chatroom/${room}/message/${id}/edit`, { content }, key);
    const edited = await edit(message.id, 'two words');
    expect(edited.status).toBe(202);
    expect((await edit(message.id, 'two words')).headers.get('idempotency-replayed')).toBe('true');
    expect((await edit(message.id, 'three words')).status).toBe(422);
    await outcome(sender, edited.body.reply);
    const other = { content: 'four words' };
    expect((await sender.post(`/chatroom/${room}/message/${message.id}/edit`, other)).body['code']).toBe(
      'not_latest_message',
    );
    expect((await sender.post(`/chatroom/${room}/fork`, { messageId: edited.body.reply.id })).status).toBe(201);
    expect((await sender.post(`/chatroom/${room}/fork`, { messageId: UNKNOWN_ID })).status).toBe(404);
  });

  it('for sharing a conversation', async () => {
    const { http: sender } = await proUser(stack, http);
    const room = await openRoom(sender);
    const path = `/chatroom/${room}/share`;
    expect((await sender.post(path)).body['code']).toBe('nothing_to_share');
    await outcome(sender, (await send(sender, room, 'shared')).reply);
    const { status, body } = await sender.post<{ token: string }>(path);
    expect(status).toBe(201);
    expect((await sender.get(`${path}?limit=1`)).status).toBe(200);
    expect((await http.get(`/shared/${body.token}`)).status).toBe(200);
    expect((await sender.delete(`${path}/${body.token}`)).status).toBe(204);
    expect((await http.get(`/shared/${body.token}`)).status).toBe(404);
  });

  it('for cancelling and regenerating a reply, and for one that failed', async () => {
    const { http: sender } = await proUser(stack, http);
    const room = await openRoom(sender);
    await script(stack, 'never ends', [{ type: 'hang' }]);
    const { reply } = await send(sender, room, 'never ends');
    expect((await sender.post(`/chatroom/${room}/message/${reply.id}/regenerate`)).body['code']).toBe(
      'reply_in_progress',
    );
    const feedback = `/chatroom/${room}/message/${reply.id}/feedback`;
    expect((await sender.send('PUT', feedback, { body: { rating: null } })).body['code']).toBe('reply_in_progress');
    expect((await sender.post(`/chatroom/${room}/message/${reply.id}/cancel`)).status).toBe(200);
    expect((await outcome(sender, reply)).status).toBe('cancelled');
    await script(stack, 'never ends', [{ type: 'prompt_blocked' }]);
    const regenerated = await sender.post<Accepted>(`/chatroom/${room}/message/${reply.id}/regenerate`);
    expect(regenerated.status).toBe(202);
    expect((await outcome(sender, regenerated.body.reply)).error?.code).toBe('prompt_blocked');
    const again = `/chatroom/${room}/message/${regenerated.body.reply.id}/regenerate`;
    const key = { 'idempotency-key': randomUUID() };
    expect((await sender.post(`${again}/stream`, undefined, key)).status).toBe(200);
    const repeated = await sender.post(again, undefined, key);
    expect([repeated.status, repeated.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect((await sender.post(`/chatroom/${room}/message/${reply.id}/regenerate`, undefined, key)).status).toBe(422);
  });

  it('for the end of the daily quota', async () => {
    const { http: sender } = await signUpAndLogIn(http);
    const room = await openRoom(sender);
    for (let sent = 0; sent < 5; sent++) await send(sender, room, 'hello');
    const answer = await sender.post(`/chatroom/${room}/message`, { content: 'hello' });
    expect([answer.status, answer.body['code']]).toEqual([429, 'daily_quota_exceeded']);
    expect((await sender.get('/subscription/status')).body).toMatchObject({ quota: { remaining: 0 } });
  });

  it('for paying', async () => {
    expect((await person.http.post('/subscription/subscribe/pro', {})).status).toBe(201);
    expect((await person.http.post('/subscription/subscribe/pro', { interval: 'year' })).status).toBe(400);
    expect((await person.http.post('/subscription/portal')).status).toBe(201);
    const event = JSON.stringify({ id: 'evt_1', object: 'event', type: 'ping', created: 1, data: { object: {} } });
    const webhook = (signature: string) =>
      http.post('/subscription/webhook/stripe', event, { 'stripe-signature': signature });
    expect((await webhook(signed(event))).body).toEqual({ received: true });
    expect((await webhook('t=1,v1=forged')).body['code']).toBe('invalid_signature');
  });

  it('for malformed requests of every kind', async () => {
    for (const { method, path } of api.routes.filter(takesJson)) {
      const target = path.replaceAll(/\{\w+\}/g, UNKNOWN_ID);
      const status = async (body: unknown, type = 'application/json') =>
        (await person.http.send(method, target, { body, headers: { 'content-type': type } })).status;
      expect([method, path, await status('{"broken')]).toEqual([method, path, 400]);
      expect([method, path, await status({ unknown: 'property' })]).toEqual([method, path, 400]);
      expect([method, path, await status('plain', 'text/plain')]).toEqual([method, path, 415]);
      expect([method, path, await status({ content: 'x'.repeat(300_000) })]).toEqual([method, path, 413]);
    }
  });

  it('for bodies that are compressed or in another charset, also of DELETE', async () => {
    const described = api.routes.filter(({ method }) => method !== 'GET');
    for (const { method, path } of described) {
      const target = path.replaceAll(/\{\w+\}/g, UNKNOWN_ID);
      const status = async (headers: Record<string, string>, body: unknown = {}) =>
        (await person.http.send(method, target, { body, headers })).status;
      expect([method, path, await status({ 'content-encoding': 'gzip' })]).toEqual([method, path, 415]);
      if (path.includes('/webhook/') || path === '/file') continue;
      const other = { 'content-type': 'application/json; charset=latin1' };
      expect([method, path, await status(other)]).toEqual([method, path, 415]);
      expect([method, path, await status({}, '{"broken')]).toEqual([method, path, 400]);
      expect([method, path, await status({}, { unknown: 'property' })]).toEqual([method, path, 400]);
    }
  });

  it('for query parameters that no route knows, or that come twice', async () => {
    for (const { method, path, operation } of api.routes) {
      if (path.includes('/webhook/')) continue;
      const target = path.replaceAll(/\{\w+\}/g, UNKNOWN_ID);
      const refused = await person.http.send(method, `${target}?unknown=1&unknown=2`);
      expect([method, path, refused.status, refused.body['code']]).toEqual([method, path, 400, 'validation_failed']);
      for (const parameter of operation.parameters ?? []) {
        if (!('in' in parameter) || parameter.in !== 'query') continue;
        const twice = await person.http.send(method, `${target}?${parameter.name}=1&${parameter.name}=1`);
        expect([method, path, parameter.name, twice.status]).toEqual([method, path, parameter.name, 400]);
      }
    }
  });

  it('for expectations that are not met', async () => {
    for (const { method, path } of api.routes) {
      const target = path.replaceAll(/\{\w+\}/g, UNKNOWN_ID);
      const answer = await sendRaw(stack.url, [`${method} ${target} HTTP/1.1`, 'Host: api', 'Expect: nonsense']);
      const route = api.routeOf(method, target)!;
      expect([method, path, answer.status, api.flawOf(route, answer)]).toEqual([method, path, 417, '']);
    }
  });

  it('for callers without a token', async () => {
    for (const { method, path, operation } of api.routes) {
      if (operation.security?.length === 0) continue;
      const answer = await http.send(method, path.replaceAll(/\{\w+\}/g, UNKNOWN_ID));
      expect([method, path, answer.status]).toEqual([method, path, 401]);
    }
  });

  it('for unknown ids, and for malformed ids in the same way', async () => {
    const body = { content: 'hello', title: 'x' };
    for (const route of api.routes.filter(({ path }) => path.includes('{'))) {
      const ask = async (id: string) => {
        const sent = {
          ...(takesJson(route) ? { body: pick(body, route) } : {}),
          headers: { 'idempotency-key': randomUUID() },
        };
        return person.http.send(route.method, route.path.replaceAll(/\{\w+\}/g, id), sent);
      };
      const [unknown, malformed] = [await ask(UNKNOWN_ID), await ask('7')];
      expect([route.path, unknown.status, malformed.status]).toEqual([route.path, 404, 404]);
      expect(malformed.body['code']).toBe(unknown.body['code']);
    }
  });

  it('for the end of an account', async () => {
    const { http: deleted } = await signUpAndLogIn(http);
    expect((await deleted.delete('/user/me')).status).toBe(204);
    expect((await deleted.get('/user/me')).status).toBe(401);
  });

  it('and each described operation has succeeded', () => {
    const described = api.routes.map(({ operation }) => operation.operationId ?? '');
    expect(described.filter((operation) => !succeeded.has(operation))).toEqual([]);
  });
});

const takesJson = ({ operation, path }: Route): boolean =>
  operation.requestBody !== undefined && !path.includes('/webhook/') && path !== '/file';

/** The properties that a route accepts. */
function pick(body: { content: string; title: string }, { path }: Route): object {
  if (path.startsWith('/subscription/')) return {};
  if (/\/message(?:\/stream|\/\{\w+\}\/edit)?$/.test(path)) return { content: body.content };
  if (path.endsWith('/fork')) return { messageId: UNKNOWN_ID };
  if (path.endsWith('/feedback')) return { rating: 'up' };
  return path.includes('/message/') || path.endsWith('/share') ? {} : { title: body.title };
}

/** Stripe's signature of a body. */
function signed(body: string): string {
  const time = Math.floor(Date.now() / 1_000);
  return `t=${time},v1=${createHmac('sha256', WEBHOOK_SECRET).update(`${time}.${body}`).digest('hex')}`;
}
