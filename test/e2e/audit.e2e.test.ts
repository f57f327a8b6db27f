import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { logIn, type Person, sendOtp, signUpAndLogIn } from '../support/login.js';
import { openRoom } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';
import { StripeControl } from '../support/stripe-control.js';

interface Row {
  action: string;
  user_id: string | null;
  session_id: string | null;
  address: string | null;
  request_id: string | null;
  detail: Record<string, unknown>;
}

let stack: Stack;
let client: pg.Client;

beforeAll(async () => {
  stack = await startStack({ env: { RATE_LIMIT_READ_PER_MINUTE: '60', RATE_LIMIT_AUTH_PER_MINUTE: '1000' } });
  client = new pg.Client({ connectionString: stack.database.url });
  await client.connect();
}, 90_000);
afterAll(async () => {
  await client?.end();
  await stack?.stop();
});

const COLUMNS = `action, user_id, session_id, encode(address_hash, 'hex') AS address, request_id, detail`;

async function eventsOf(person: { id: string } | null): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `SELECT ${COLUMNS} FROM audit_event WHERE user_id IS NOT DISTINCT FROM $1::uuid ORDER BY id`,
    [person?.id ?? null],
  );
  return rows;
}

const actionsOf = async (person: Person): Promise<string[]> => (await eventsOf(person)).map(({ action }) => action);

it('has a login when it is answered, with the request’s id and a hash of the address that access lines have, too', async () => {
  const person = await signUpAndLogIn(stack.http);
  const [login] = await eventsOf(person);
  expect(login).toMatchObject({ action: 'login', session_id: expect.any(String), detail: {} });
  expect(login?.address).toMatch(/^[\da-f]{32}$/);
  await person.http.get('/user/me');
  const line = await eventually(() =>
    stack.api().log.find((each) => each.includes('"context":"Access"') && each.includes(`"userId":"${person.id}"`)),
  );
  expect(JSON.parse(line ?? '')).toMatchObject({ addressHash: login?.address, route: '/user/me' });
  expect(stack.api().log.join('\n')).not.toContain('"ip":"127.0.0.1"');
  expect(stack.api().log.filter((each) => each.includes('"context":"Audit"') && each.includes(person.id))).toHaveLength(
    1,
  );
});

it('has a code that was wrong, once for many', async () => {
  const before = (await eventsOf(null)).filter(({ action }) => action === 'login_refused').length;
  const { phone } = await signUpAndLogIn(stack.http);
  const { challengeId, otp } = await sendOtp(stack.http, phone);
  const wrong = otp === '000000' ? '000001' : '000000';
  for (let attempt = 0; attempt < 3; attempt++) await stack.http.post('/auth/verify-otp', { challengeId, otp: wrong });
  await eventually(async () => (await eventsOf(null)).some(({ action }) => action === 'login_refused'));
  const refused = (await eventsOf(null)).filter(({ action }) => action === 'login_refused');
  expect(before).toBe(0);
  expect(refused).toHaveLength(1);
  expect(JSON.stringify(refused)).not.toContain(phone.slice(1));
});

it('has what became of sessions', async () => {
  const person = await signUpAndLogIn(stack.http);
  const other = await logIn(stack.http, person.phone);
  const { refreshToken } = person.tokens;
  const refresh = (token: string) =>
    stack.http.post<{ refreshToken: string }>('/auth/refresh', { refreshToken: token });
  const { body } = await refresh(refreshToken);
  await refresh(refreshToken);
  await eventually(async () => (await actionsOf(person)).includes('refresh_repeated'));
  await refresh(body.refreshToken);
  expect((await refresh(refreshToken)).status).toBe(401);
  expect(await actionsOf(person)).toEqual(['login', 'login', 'refresh_repeated', 'refresh_reused']);
  await other.http.post('/auth/logout');
  expect((await actionsOf(person)).at(-1)).toBe('logout');
});

it('has a limit that was reached, once for many refused requests', async () => {
  const person = await signUpAndLogIn(stack.http);
  const answers = await Promise.all(Array.from({ length: 100 }, () => person.http.get('/user/me')));
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(10);
  await eventually(async () => (await actionsOf(person)).includes('limit_reached'));
  expect((await eventsOf(person)).slice(1)).toMatchObject([
    { action: 'limit_reached', detail: { method: 'GET', route: '/user/me' } },
  ]);
});

it('has plan changes, deletions and exports, and what is left of an erased account is its id', async () => {
  const person = await signUpAndLogIn(stack.http, undefined, 'Ada Lovelace');
  const { body } = await person.http.post<{ checkoutUrl: string }>('/subscription/subscribe/pro', {});
  await new StripeControl(stack.sandboxUrl).pay(body.checkoutUrl);
  await eventually(async () => (await actionsOf(person)).includes('plan_changed'));
  const room = await openRoom(person.http);
  expect((await person.http.delete(`/chatroom/${room}`)).status).toBe(204);
  const { body: file } = await person.http.get('/user/me/export');
  expect(file).toMatchObject({ auditEvents: expect.arrayContaining([expect.objectContaining({ action: 'login' })]) });
  expect((await person.http.delete('/user/me')).status).toBe(204);

  const events = await eventsOf(person);
  expect(events.map(({ action, detail }) => [action, detail])).toEqual(
    expect.arrayContaining([
      ['login', {}],
      ['plan_changed', { from: 'basic', to: 'pro' }],
      ['chatroom_deleted', { chatroomId: room }],
      ['account_exported', {}],
      ['account_deleted', {}],
    ]),
  );
  const text = JSON.stringify(events);
  expect(text).not.toContain(person.phone.slice(1));
  expect(text).not.toContain('Lovelace');
});
