import { randomBytes } from 'node:crypto';
import type { SubscriptionStatus } from '@gemini-chat/client';
import pg from 'pg';
import { admin, adminData } from '../support/admin.js';
import { eventually } from '../support/eventually.js';
import { type Challenge, logIn, type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { openRoom, outcome, quotaOf, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

// Each command is a process of its own, whose start takes its time on a busy machine.
import.meta.jest.setTimeout(120_000);

const SMS_SECRET = `whsec_${randomBytes(24).toString('base64')}`;

let stack: Stack;
let client: pg.Client;

beforeAll(async () => {
  stack = await startStack({
    apis: 2,
    env: { STRIPE_RECONCILE_SECONDS: '1', RATE_LIMIT_AUTH_PER_MINUTE: '1000', SANDBOX_SMS_SECRET: SMS_SECRET },
  });
  client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
}, 90_000);
afterAll(async () => {
  await client?.end();
  await stack?.stop();
});

/** What operators have done to a user. */
async function trailOf({ id }: { id: string }): Promise<[action: string, detail: Record<string, unknown>][]> {
  const { rows } = await client.query<{ action: string; detail: Record<string, unknown> }>(
    `SELECT action, detail FROM audit_event WHERE user_id = $1 AND detail ? 'operator' ORDER BY id`,
    [id],
  );
  return rows.map(({ action, detail }) => [action, detail]);
}

const statusAt = async ({ http }: Person, replica: number): Promise<number> =>
  (await http.at(stack.api(replica).url).get('/user/me')).status;

describe('a command line', () => {
  it.each([
    ['that asks for help explains all', ['--help'], 0],
    ['without words explains all', [], 0],
    ['that asks for the help of a command explains it', ['user', 'erase', '--help'], 0],
    ['with an unknown command is refused', ['user', 'promote'], 2],
    ['with an unknown option is refused', ['queue', 'show', '--loud'], 2],
    ['without what has to follow is refused', ['user', 'show'], 2],
    ['with no id is refused', ['user', 'show', '42'], 2],
    ['of a user who does not exist says so', ['user', 'show', '0197a1c0-1111-7000-8000-000000000000'], 3],
    ['that changes something and does not say for whom is refused', ['maintenance', 'off'], 2],
    ['with a name that may not stand in the trail is refused', ['maintenance', 'off', '--as', 'Ada Lovelace'], 2],
    ['that is drastic needs --yes where no terminal is', ['maintenance', 'on', '--as', 'ada'], 2],
  ])('%s', async (_, words, exitCode) => {
    const run = await admin(stack, words);
    const [answer, other] = exitCode === 0 ? [run.stdout, run.stderr] : [run.stderr, run.stdout];
    expect([run.exitCode, answer === '', other]).toEqual([exitCode, false, '']);
  });

  it('explains what a command does, with its options', async () => {
    const { stdout } = await admin(stack, ['user', 'grant-plan', '--help']);
    expect(stdout).toMatch(/^Usage: user grant-plan <id> <plan> \[--days N\] \[--until DATE\]\n/);
    expect(stdout).toMatch(/--as NAME +Who you are/);
  });
});

describe('a user', () => {
  it('is found by the number as people write it, and shown without it, without a name and without texts', async () => {
    const person = await signUpAndLogIn(stack.http, undefined, 'Ada Lovelace');
    const room = await openRoom(person.http, { title: 'A private title' });
    const { reply } = await send(person.http, room, 'A private question');
    await outcome(person.http, reply);
    const [, area, exchange, line] = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(person.phone) ?? [];
    const written = `+1 (${area}) ${exchange}-${line}`;
    expect(JSON.parse((await admin(stack, ['user', 'find', written, '--json'])).stdout)).toMatchObject({
      id: person.id,
    });

    const shown = await admin(stack, ['user', 'show', person.id]);
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^plan +basic$/m);
    expect(shown.stdout).toMatch(/^messages today +1 of 5$/m);
    expect(shown.stdout).toMatch(new RegExp(`^${reply.id} +completed +1 `, 'm'));
    const data = await adminData(stack, `user show ${person.id}`);
    expect(data).toMatchObject({ rooms: 1, sessions: [{ id: expect.any(String) }], replies: [{ id: reply.id }] });
    for (const text of [shown.stdout, JSON.stringify(data)])
      for (const secret of ['private', 'Lovelace', person.phone, person.phone.slice(2)])
        expect(text).not.toContain(secret);
    expect((await adminData(stack, `user show ${person.id} --show-phone`))['phone']).toBe(person.phone);
  });

  it('whose sessions are ended is out on every replica at once, and may log in again', async () => {
    const person = await signUpAndLogIn(stack.http);
    expect([await statusAt(person, 0), await statusAt(person, 1)]).toEqual([200, 200]);
    expect(await adminData(stack, `user end-sessions ${person.id} --yes`)).toMatchObject({ 'sessions ended': 1 });
    expect([await statusAt(person, 0), await statusAt(person, 1)]).toEqual([401, 401]);
    const { refreshToken } = person.tokens;
    expect((await stack.http.post('/auth/refresh', { refreshToken })).status).toBe(401);
    expect(await statusAt(await logIn(stack.http, person.phone), 1)).toBe(200);
    expect(await trailOf(person)).toEqual([['sessions_ended', { operator: 'ada', sessions: 1 }]]);
  });

  it('who is erased is erased as by DELETE /user/me, at Stripe too', async () => {
    const person = await signUpAndLogIn(stack.http);
    const stripe = new StripeControl(stack.sandboxUrl);
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    await stripe.pay(body.checkoutUrl);
    expect(await adminData(stack, `user erase ${person.id} --yes`)).toMatchObject({ erased: true });
    expect([await statusAt(person, 0), await statusAt(person, 1)]).toEqual([401, 401]);
    await eventually(async () => (await stripe.customersOf(person.id)).every(({ deleted }) => deleted), {
      withinMs: 30_000,
    });
    expect(await trailOf(person)).toEqual([['account_deleted', { operator: 'ada' }]]);
    expect((await admin(stack, ['user', 'show', person.id])).exitCode).toBe(3);
    const { rows } = await client.query('SELECT FROM "user" WHERE id = $1', [person.id]);
    expect(rows).toEqual([]);
  });
});

describe('a blocked user', () => {
  it('is out on every replica at once, and what is being written ends', async () => {
    const person = await signUpAndLogIn(stack.http);
    const room = await openRoom(person.http);
    await script(stack, 'A long one', [{ type: 'answer', text: 'word '.repeat(400), tokensPerSecond: 5 }]);
    const { reply } = await send(person.http, room, 'A long one');
    const events = await fetch(`${stack.api(1).url}/chatroom/${room}/message/${reply.id}/stream`, {
      headers: { ...person.http.authorization, accept: 'text/event-stream' },
    });
    expect(events.status).toBe(200);
    const streamed = events.text().catch(() => 'cut');
    expect(await adminData(stack, `user block ${person.id} --reason spam --yes`)).toMatchObject({ blocked: true });
    const answers = await Promise.all([0, 1].map((replica) => person.http.at(stack.api(replica).url).get('/user/me')));
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
      [401, 'unauthenticated'],
      [401, 'unauthenticated'],
    ]);
    await streamed;
    const { replies, blockedAt } = await adminData<{ replies: object[]; blockedAt: string }>(
      stack,
      `user show ${person.id}`,
    );
    expect(replies).toMatchObject([{ id: reply.id, status: 'cancelled' }]);
    expect(blockedAt).toEqual(expect.any(String));
    expect(await trailOf(person)).toEqual([['account_blocked', { operator: 'ada', reason: 'spam' }]]);
  });

  it('is answered like a number without an account, and a code from before opens no session', async () => {
    const person = await signUpAndLogIn(stack.http);
    const before = await sendOtp(stack.http, person.phone);
    await adminData(stack, `user block ${person.id} --yes`);
    const { challengeId, otp } = before;
    const late = await stack.http.post('/auth/verify-otp', { challengeId, otp });
    expect([late.status, late.body['code']]).toEqual([401, 'otp_invalid']);

    const unknown = await stack.http.post('/auth/send-otp', { phone: '+14155550100' });
    const blocked = await stack.http.post<Challenge>('/auth/send-otp', { phone: person.phone });
    expect([blocked.status, Object.keys(blocked.body)]).toEqual([unknown.status, Object.keys(unknown.body)]);
    const sent = { challengeId: blocked.body.challengeId, otp: blocked.body.otp };
    const tried = await stack.http.post('/auth/verify-otp', sent);
    expect([tried.status, tried.body['code']]).toEqual([401, 'otp_invalid']);

    await adminData(stack, `user unblock ${person.id}`);
    expect(await statusAt(await logIn(stack.http, person.phone), 0)).toBe(200);
    expect((await admin(stack, ['user', 'unblock', person.id, '--as', 'ada'])).exitCode).toBe(4);
    expect((await trailOf(person)).map(([action]) => action)).toEqual(['account_blocked', 'account_unblocked']);
  });

  it('is sent no code until the account is unblocked', async () => {
    const api = await stack.add('api', {
      OTP_DELIVERY: 'webhook',
      OTP_WEBHOOK_URL: `${stack.sandboxUrl}/sms/webhook`,
      OTP_WEBHOOK_SECRET: SMS_SECRET,
    });
    const delivering = stack.http.at(api.url);
    const person = await signUpAndLogIn(stack.http);
    const messages = async (): Promise<unknown[]> => {
      const query = new URLSearchParams({ to: person.phone });
      return (await delivering.at(stack.sandboxUrl).get<{ items: unknown[] }>(`/sms/messages?${query.toString()}`)).body
        .items;
    };
    const sendCode = async () => (await delivering.post('/auth/send-otp', { phone: person.phone })).status;
    await adminData(stack, `user block ${person.id} --yes`);
    expect([await sendCode(), await messages()]).toEqual([202, []]);
    await adminData(stack, `user unblock ${person.id}`);
    expect([await sendCode(), await messages()]).toEqual([202, [expect.anything()]]);
    await api.kill();
  });

  it('logs in at no moment of the blocking', async () => {
    const person = await signUpAndLogIn(stack.http);
    const logins = Array.from({ length: 8 }, () => logIn(stack.http, person.phone).catch(() => null));
    await adminData(stack, `user block ${person.id} --yes`);
    const people = (await Promise.all(logins)).filter((each) => each !== null);
    expect(await Promise.all(people.map((each) => statusAt(each, 1)))).toEqual(people.map(() => 401));
    const { rows } = await client.query('SELECT FROM session WHERE user_id = $1', [person.id]);
    expect(rows).toEqual([]);
  });
});

describe('a granted plan', () => {
  const statusOf = async ({ http }: Person) => (await http.get<SubscriptionStatus>('/subscription/status')).body;

  it('counts at once, survives what Stripe says, and ends when it is revoked', async () => {
    const person = await signUpAndLogIn(stack.http);
    expect(await adminData(stack, `user grant-plan ${person.id} pro --days 30`)).toMatchObject({ grant: 'pro' });
    expect(await statusOf(person)).toMatchObject({ plan: 'pro', status: 'none', quota: { limit: null } });
    expect((await person.http.get('/user/me')).body).toMatchObject({ plan: 'pro' });

    const stripe = new StripeControl(stack.sandboxUrl);
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    const subscription = await stripe.pay(body.checkoutUrl);
    await eventually(async () => (await statusOf(person)).status === 'active', { withinMs: 30_000 });
    await stripe.change(subscription, { status: 'canceled' });
    await eventually(async () => (await statusOf(person)).status === 'canceled', { withinMs: 30_000 });
    expect(await statusOf(person)).toMatchObject({ plan: 'pro', status: 'canceled' });

    await adminData(stack, `user revoke-grant ${person.id}`);
    expect(await statusOf(person)).toMatchObject({ plan: 'basic', status: 'canceled', quota: { limit: 5 } });
    expect(await trailOf(person)).toEqual([
      ['plan_granted', { operator: 'ada', plan: 'pro', until: expect.any(String) }],
      ['plan_grant_revoked', { operator: 'ada', plan: 'pro' }],
    ]);
    const { body: file } = await person.http.get<{ auditEvents: { action: string; detail: object }[] }>(
      '/user/me/export',
    );
    expect(file.auditEvents.find(({ action }) => action === 'plan_granted')?.detail).toMatchObject({
      byOperator: true,
    });
    expect(JSON.stringify(file)).not.toContain('"ada"');
  });

  it('that is over, or lower than what is paid, counts for nothing', async () => {
    const person = await signUpAndLogIn(stack.http);
    await adminData(stack, `user grant-plan ${person.id} pro --until ${inDays(2)}`);
    await client.query(`UPDATE plan_grant SET expires_at = now() - interval '1 s' WHERE user_id = $1`, [person.id]);
    expect((await statusOf(person)).plan).toBe('basic');
    await client.query(`UPDATE plan_grant SET plan = 'basic', expires_at = now() + interval '1 d' WHERE user_id = $1`, [
      person.id,
    ]);
    const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
    await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
    await eventually(async () => (await statusOf(person)).plan === 'pro', { withinMs: 30_000 });
  });

  it.each([
    'basic --days 3',
    'gold --days 3',
    'pro',
    'pro --days 0',
    'pro --until yesterday',
    'pro --until 2020-01-01',
  ])('can not be %s', async (words) => {
    const run = await admin(stack, [
      'user',
      'grant-plan',
      '0197a1c0-1111-7000-8000-000000000000',
      ...words.split(' '),
      '--as',
      'ada',
    ]);
    expect(run.exitCode).toBe(2);
  });
});

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

describe('a quota', () => {
  it('that is used up opens again, by some messages or by all', async () => {
    const person = await signUpAndLogIn(stack.http);
    const room = await openRoom(person.http);
    for (let message = 0; message < 5; message++)
      await outcome(person.http, (await send(person.http, room, 'Hi')).reply);
    const refused = await person.http.post(`/chatroom/${room}/message`, { content: 'Hi' });
    expect(refused.status).toBe(429);
    expect(await adminData(stack, `user quota ${person.id} --add 2`)).toMatchObject({
      limit: 5,
      used: 3,
      remaining: 2,
    });
    await send(person.http, room, 'Hi');
    await adminData(stack, `user quota ${person.id} --reset`);
    expect(await quotaOf(person.http)).toMatchObject({ used: 0, remaining: 5 });
    expect(await trailOf(person)).toEqual([
      ['quota_lowered', { operator: 'ada', before: 5, after: 3 }],
      ['quota_lowered', { operator: 'ada', before: 4, after: 0 }],
    ]);
  });

  it('is shown to who does not say who they are, and changed for none of them', async () => {
    const { id } = await signUpAndLogIn(stack.http);
    const shown = await admin(stack, ['user', 'quota', id, '--json']);
    expect([shown.stderr, shown.exitCode]).toEqual(['', 0]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ limit: 5, used: 0 });
    for (const change of [['--reset'], ['--add', '2']]) {
      const { exitCode, stderr } = await admin(stack, ['user', 'quota', id, ...change]);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--as NAME')]);
    }
  });
});
