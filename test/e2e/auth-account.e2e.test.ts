import { eventually } from '../support/eventually.js';
import { keysOf, placesOf, rowsOf } from '../support/privacy/stored-data.js';
import { logIn, type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { callsFor, openRoom, outcome, quotaOf, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';
import { StripeControl, type TrueCustomer } from '../support/stripe-control.js';

const today = (): string => new Date().toISOString().slice(0, 10);

describe('an account', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack();
  }, 90_000);
  afterAll(() => stack?.stop());

  const becomePro = async ({ http }: Person): Promise<string> => {
    const { body } = await http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    const subscription = await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
    await eventually(async () => (await http.get('/user/me')).body['plan'] === 'pro', { withinMs: 30_000 });
    return subscription;
  };

  it('shows itself, and its plan as it changes', async () => {
    const person = await signUpAndLogIn(stack.http, undefined, 'Ada');
    expect((await person.http.get('/user/me')).body).toEqual({
      id: person.id,
      phone: person.phone,
      name: 'Ada',
      plan: 'basic',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await becomePro(person);
    expect((await logIn(stack.http, person.phone)).tokens.user.plan).toBe('pro');
  });

  it('can be renamed, and the name be removed', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    expect(await http.patch('/user/me', { name: '  Grace Hopper ' })).toMatchObject({
      status: 200,
      body: { name: 'Grace Hopper' },
    });
    expect((await http.patch('/user/me', { name: null })).body).toMatchObject({ name: null });
    expect((await http.get('/user/me')).body).toMatchObject({ name: null });
  });

  it.each([
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: ' ' }, '/name'],
    [{ name: 7 }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ name: 'two\nlines' }, '/name'],
    [{ name: 'Ada', plan: 'pro' }, '/plan'],
    [{ name: 'Ada', phone: '+14155550123' }, '/phone'],
  ])('is not changed by %j', async (change, pointer) => {
    const { http } = await signUpAndLogIn(stack.http, undefined, 'Ada');
    const { status, body } = await http.patch('/user/me', change);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'validation_failed',
      errors: expect.arrayContaining([{ pointer, detail: expect.any(String) }]),
    });
    expect((await http.get('/user/me')).body).toMatchObject({ name: 'Ada', plan: 'basic' });
  });

  it('can be downloaded with everything in it, and nothing of anybody else', async () => {
    const person = await signUpAndLogIn(stack.http, undefined, 'Ada');
    const other = await signUpAndLogIn(stack.http, undefined, 'Mallory');
    await send(other.http, await openRoom(other.http), 'Private to its owner');
    const room = await openRoom(person.http, { systemInstruction: 'Be brief.' });
    const { reply } = await send(person.http, room, 'What is held of me?');
    const { content } = await outcome(person.http, reply);

    const { status, headers, body } = await person.http.get('/user/me/export');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="account-\d{4}-\d\d-\d\d\.json"$/);
    expect(body).toMatchObject({
      account: { id: person.id, phone: person.phone, name: 'Ada', verifiedAt: expect.any(String) },
      sessions: [{ userAgent: 'node', ip: '127.0.0.1' }],
      chatrooms: [
        {
          id: room,
          systemInstruction: 'Be brief.',
          messages: [{ content: 'What is held of me?' }, { content }],
        },
      ],
      subscription: { dailyUsage: [{ used: 1 }] },
    });
    const text = JSON.stringify(body);
    expect(text).not.toContain('Mallory');
    expect(text).not.toContain('Private to its owner');
    expect(text).not.toMatch(/hash|salt|refreshToken/i);
  });

  it('takes everything with it when it is deleted: rows, keys, sessions, running replies and the subscription', async () => {
    await dayWithTimeLeft(90_000);
    const person = await signUpAndLogIn(stack.http, undefined, 'Augusta Ada');
    const elsewhere = await logIn(stack.http, person.phone);
    const subscription = await becomePro(person);
    const rooms = [await openRoom(person.http), await openRoom(person.http, { systemInstruction: 'My secret ways' })];
    await outcome(person.http, (await send(person.http, rooms[0]!, 'My first secret')).reply);
    await script(stack, 'My last secret', [
      { type: 'answer', text: 'A long answer. '.repeat(500), tokensPerSecond: 5 },
    ]);
    await send(person.http, rooms[1]!, 'My last secret');
    await eventually(async () => (await callsFor(stack, 'My last secret'))[0]?.outcome === 'open');
    await person.http.get('/chatroom');
    const challenge = await sendOtp(stack.http, person.phone);
    const needles = [person.id, person.phone.slice(1), 'Augusta', 'secret', 'A long answer', ...rooms];
    // The audit trail keeps the id that was theirs, and nothing else of them (docs/adr/0027).
    const held = async () => {
      const items = [...(await rowsOf(stack.database.url)), ...(await keysOf(stack))];
      const isTrace = ({ where }: { where: string }) => where === 'postgresql audit_event';
      const others = needles.filter((needle) => needle !== person.id);
      return [
        ...placesOf(
          needles,
          items.filter((item) => !isTrace(item)),
        ),
        ...placesOf(others, items.filter(isTrace)),
      ];
    };
    expect(await held()).toEqual(
      expect.arrayContaining(['postgresql "user"', 'postgresql message', expect.stringMatching(/^redis /)]),
    );

    expect(await person.http.delete('/user/me')).toMatchObject({ status: 204, body: undefined });

    for (const { http, tokens } of [person, elsewhere]) {
      expect((await http.get('/user/me')).status).toBe(401);
      const { refreshToken } = tokens;
      expect((await stack.http.post('/auth/refresh', { refreshToken })).status).toBe(401);
    }
    const { challengeId, otp } = challenge;
    expect((await stack.http.post('/auth/verify-otp', { challengeId, otp })).status).toBe(401);
    await eventually(async () => (await callsFor(stack, 'My last secret'))[0]?.outcome === 'aborted', {
      withinMs: 30_000,
    });
    const stripe = new StripeControl(stack.sandboxUrl);
    const nothingIsHeld = async () => {
      expect(await held()).toEqual([]);
      return true;
    };
    await eventually(nothingIsHeld, { withinMs: 20_000, everyMs: 500 });
    const isCancelled = async () => {
      const { customers } = await stripe.call<{ customers: TrueCustomer[] }>('GET', '/customers');
      const known = customers.flatMap(({ subscriptions }) => subscriptions);
      return known.some(({ id, status }) => id === subscription && status === 'canceled');
    };
    await eventually(isCancelled, { withinMs: 20_000 });
    await eventually(nothingIsHeld);
    // The one exception, until the day is over (docs/adr/0022): how much was spent, under a hash that needs the secret.
    const keptUses = async () => {
      const rows = (await rowsOf(stack.database.url)).filter(({ where }) => where === 'postgresql erased_daily_usage');
      return rows.map(({ text }) => JSON.parse(text) as { used: number });
    };
    const kept = await keptUses();
    expect(kept).toEqual([
      { phone_hash: expect.stringMatching(/^\\x[0-9a-f]{64}$/), day: today(), used: expect.any(Number) },
    ]);
    expect(kept[0]!.used).toBeGreaterThan(0);

    const again = await signUpAndLogIn(stack.http, person.phone);
    expect(again.id).not.toBe(person.id);
    expect((await again.http.get('/chatroom')).body).toEqual({ items: [], nextCursor: null });
    expect(await quotaOf(again.http)).toMatchObject({ used: kept[0]!.used });
    expect(await keptUses()).toEqual([]);
  }, 180_000);

  it('ends a stream that is being read when it is deleted', async () => {
    const { http, tokens } = await signUpAndLogIn(stack.http);
    await script(stack, 'Tell me all', [{ type: 'answer', text: 'And so on. '.repeat(500), tokensPerSecond: 5 }]);
    const room = await openRoom(http);
    const { reply } = await send(http, room, 'Tell me all');
    const stream = await fetch(`${stack.url}/chatroom/${room}/message/${reply.id}/stream`, {
      headers: { authorization: `Bearer ${tokens.accessToken}` },
      signal: AbortSignal.timeout(60_000),
    });
    const ended = stream.text();
    await eventually(async () => (await callsFor(stack, 'Tell me all'))[0]?.outcome === 'open');
    await http.delete('/user/me');
    expect(await ended).not.toContain('"status":"completed"');
  }, 90_000);
});
