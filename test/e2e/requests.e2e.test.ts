import { EventStream } from '../support/http/event-stream.js';
import { type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, read, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  await dayWithTimeLeft(90_000);
  stack = await startStack();
  person = await signUpAndLogIn(stack.http);
}, 240_000);

afterAll(() => stack?.stop());

describe('text that cannot be stored', () => {
  it.each(['a\0b', '\0', 'nul \0'])('is refused in a message: %j', async (content) => {
    const room = await openRoom(person.http);
    const { status, body } = await person.http.post(`/chatroom/${room}/message`, { content });
    expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ pointer: '/content' }] } });
  });

  it('is refused in the return addresses of the checkout', async () => {
    for (const successUrl of ['http://localhost:3000/\0', 'http://localhost:3000/\ud800']) {
      const { status, body } = await person.http.post('/subscription/subscribe/pro', { successUrl });
      expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ pointer: '/successUrl' }] } });
    }
  });

  it('is replaced when it is half of a surrogate pair, at once and in every later read', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { message } = await send(http, await openRoom(http), 'half \ud83d end');
    expect(message.content).toBe('half \ufffd end');
    expect(await read(http, message)).toEqual(message);
  });

  it('is refused in a forged cursor', async () => {
    const { message } = await send(person.http, await openRoom(person.http), 'Variants');
    const cursor = Buffer.from(JSON.stringify({ seq: 2 ** 31 })).toString('base64url');
    const path = `/chatroom/${message.chatroomId}/message/${message.id}/replies?cursor=${cursor}`;
    expect(await person.http.get(path)).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cursor' }] } });
  });
});

describe('a request without a body', () => {
  it.each(['/auth/logout', '/subscription/portal', 'cancel', 'regenerate'])(
    'is refused with unknown properties in its body: %s',
    async (action) => {
      const { http } = await signUpAndLogIn(stack.http);
      const { reply } = await send(http, await openRoom(http), 'Hello');
      await outcome(http, reply);
      const path = action.startsWith('/') ? action : `/chatroom/${reply.chatroomId}/message/${reply.id}/${action}`;
      const refused = await http.post(path, { unknown: 1 });
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/unknown' }] } });
      expect((await http.post(path, {})).status).toBeLessThan(300);
    },
  );
});

describe('a query parameter that a route does not know', () => {
  it.each(['/plans', '/models', '/subscription/status', '/user/me', '/usage', '/chatroom', '/health/live'])(
    'is refused: GET %s',
    async (path) => {
      const refused = await person.http.get(`${path}?unknown=1&a%2Fb=`);
      expect(refused).toMatchObject({
        status: 400,
        body: {
          code: 'validation_failed',
          errors: [
            { pointer: '/unknown', detail: 'is not known here' },
            { pointer: '/a~1b', detail: 'is not known here' },
          ],
        },
      });
      expect((await person.http.get(path)).status).toBe(200);
    },
  );

  it('is refused before anything is done', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    expect((await http.post('/chatroom?unknown=1', { title: 'Another' })).status).toBe(400);
    expect((await http.post(`/chatroom/${room}/message?unknown=1`, { content: 'Hello' })).status).toBe(400);
    expect((await http.delete(`/chatroom/${room}?unknown=1`)).status).toBe(400);
    expect((await http.get<{ items: unknown[] }>('/chatroom')).body.items).toHaveLength(1);
    expect((await http.get<{ messages: unknown[] }>(`/chatroom/${room}`)).body.messages).toEqual([]);
  });

  it('does not come before the token', async () => {
    expect((await stack.http.get('/models?unknown=1')).status).toBe(401);
  });

  it("is no matter of the webhook's, nor of pages", async () => {
    const { status, body } = await stack.http.post('/subscription/webhook/stripe?unknown=1', {});
    expect([status, body['code']]).toEqual([400, 'invalid_signature']);
    expect((await stack.http.get('/docs?unknown=1')).status).toBe(200);
  });
});

describe('a malformed code', () => {
  it.each(['12', 'abcdef', '', '１２３４５', '1234567'])(
    'is refused as wrong, and costs no attempt: %j',
    async (otp) => {
      const { challengeId, otp: right } = await sendOtp(stack.http, person.phone);
      for (let tried = 0; tried < 6; tried++) {
        const refused = await stack.http.post('/auth/verify-otp', { challengeId, otp });
        expect(refused).toMatchObject({ status: 401, body: { code: 'otp_invalid' } });
      }
      expect((await stack.http.post('/auth/verify-otp', { challengeId, otp: right })).status).toBe(200);
    },
  );

  it('is reported as required when it is missing', async () => {
    const { status, body } = await stack.http.post('/auth/verify-otp', {});
    expect({ status, body }).toMatchObject({
      status: 400,
      body: {
        errors: [
          { pointer: '/challengeId', detail: 'is required' },
          { pointer: '/otp', detail: 'is required' },
        ],
      },
    });
  });
});

describe('a repeated request', () => {
  it('gets the same quota headers as the first one', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    const ask = () => http.post(`/chatroom/${room}/message`, { content: 'Again' }, { 'idempotency-key': '"again"' });
    const [first, second] = [await ask(), await ask()];
    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('ratelimit')).toMatch(/"daily-messages";r=4;t=\d+/);
    expect(second.headers.get('ratelimit')).toMatch(/"daily-messages";r=4;t=\d+/);
    expect(second.headers.get('ratelimit-policy')).toContain('"daily-messages";q=5;w=86400');
  });

  it('streams on from its Last-Event-ID, so that nothing is read twice', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    await script(stack, 'Attach', [{ type: 'answer', text: 'one two three' }]);
    const open = (headers: Record<string, string>) =>
      EventStream.sending(http, room, 'Attach', { 'idempotency-key': '"attach"', ...headers });
    const first = await open({});
    await first.ended;
    const beginning = first.events[0]!.id;
    const place = first.events.at(-2)!.id;
    const again = await open({ 'last-event-id': place });
    await again.ended;
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.events.map(({ event, id }) => [event, id])).toEqual([
      ['accepted', place],
      ['done', first.events.at(-1)!.id],
    ]);
    const fromTheBeginning = await open({ 'last-event-id': beginning });
    await fromTheBeginning.ended;
    expect(fromTheBeginning.events[0]).toEqual(first.events[0]);
    expect(fromTheBeginning.events.some(({ event }) => event === 'reset')).toBe(false);
    expect(fromTheBeginning.text).toBe(first.text);
    const lost = await open({ 'last-event-id': 'nonsense' });
    await lost.ended;
    const rejoined = await open({ 'last-event-id': lost.events[0]!.id });
    await rejoined.ended;
    expect(rejoined.events.map(({ event }) => event)).toEqual(['accepted', 'reset', 'delta', 'done']);
  });
});

describe('a user whose quota is used up', () => {
  it('is refused before the request is validated', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const room = await openRoom(http);
    for (let sent = 0; sent < 5; sent++) await send(http, room, `Message ${sent}`);
    expect(await http.post(`/chatroom/${room}/message`, { content: 'Sixth' })).toMatchObject({ status: 429 });
    const early = await http.post(`/chatroom/${room}/message`, { content: '' });
    expect(early).toMatchObject({ status: 429, body: { code: 'daily_quota_exceeded' } });
    expect(early.headers.get('ratelimit')).toContain('"daily-messages";r=0');
  });
});

it('a reply has no replies of its own', async () => {
  const { reply } = await send(person.http, await openRoom(person.http), 'To be replied to');
  const { status } = await person.http.get(`/chatroom/${reply.chatroomId}/message/${reply.id}/replies`);
  expect(status).toBe(404);
});
