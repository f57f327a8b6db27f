import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { openRoom, quotaOf, send } from '../support/messages.js';
import { plansFile, writePlansFile } from '../support/plans-file.js';
import { proUser } from '../support/replies/reply-stack.js';
import { type Stack, startStack } from '../support/stack.js';

const FLASH = 'gemini-flash-latest';
const DEAR = 'gemini-dear';
const OWN = 'gemini-own';

const CATALOGUE = plansFile(({ models, plans }) => {
  models[DEAR] = { label: 'Dear', files: ['pdf'], usdPerMillion: { input: 9, output: 99 } };
  plans.basic.defaultModel = FLASH;
  Object.assign(plans.basic, { maxChatrooms: 3, maxMessageCharacters: 10, maxOutputTokens: 100 });
  Object.assign(plans.pro, { maxChatrooms: 4, maxMessageCharacters: 50_000, maxOutputTokens: 200 });
  plans.pro.models.push(DEAR);
  plans.pro.prices = { year: { id: 'price_pro_year' } };
  plans['team'] = { ...plans.pro, label: 'Team', models: [DEAR], prices: {} };
});

/** Runs the main file of a process from another working directory, with nothing to connect to, until it exits. */
function start(app: 'api' | 'worker', env: Record<string, string>): { status: number | null; stderr: string } {
  const main = fileURLToPath(new URL(`../../dist/${app}/main.js`, import.meta.url));
  return spawnSync(process.execPath, [main], {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 20_000,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      DATABASE_URL: 'postgresql://test@127.0.0.1:1/test',
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: '1',
      GEMINI_API_KEY: 'test',
      ...(app === 'api' ? { JWT_SECRET: 'x'.repeat(32), OTP_DELIVERY: 'response' } : {}),
      ...env,
    },
  });
}

describe.each(['api', 'worker'] as const)('the process "%s"', (app) => {
  it('says all that is wrong with the file of plans, and does not start', () => {
    const path = plansFile(({ plans }) => {
      plans.basic.concurrentReplies = 0;
      plans.pro.models.push('gemini-typo');
    });
    const { status, stderr } = start(app, { PLANS_FILE: path, GEMINI_MODEL: 'not a model' });
    expect(status).toBe(1);
    expect(stderr).toContain('cannot start. Invalid configuration:');
    expect(stderr).toContain('GEMINI_MODEL');
    const { stderr: withoutOther } = start(app, { PLANS_FILE: path });
    expect(withoutOther).toContain('  - PLANS_FILE: /plans/basic/concurrentReplies must be >= 1\n');
    expect(withoutOther).toContain('  - PLANS_FILE: /plans/pro/models/1 is not in /models\n');
    expect(withoutOther).not.toMatch(/\bat \w/);
  });

  it.each([
    ['is broken', () => writePlansFile('{"models": {}\n'), 'PLANS_FILE: line 2, column 1: close brace expected'],
    ['is not where it should be', () => 'no-such-file.json', `PLANS_FILE cannot be read: ENOENT for ${tmpdir()}`],
  ])('does not start when the file %s', (_, path, problem) => {
    const { status, stderr } = start(app, { PLANS_FILE: path() });
    expect([status, stderr]).toEqual([1, expect.stringContaining(problem)]);
  });

  it('finds the catalogue that ships from any working directory', () => {
    const { status, stderr } = start(app, { REDIS_PORT: 'broken' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/Invalid configuration:\n {2}- REDIS_PORT[^\n]*\n/)]);
  });
});

describe('with a catalogue of its own', () => {
  let stack: Stack;
  let basic: Person;
  let pro: Person;

  beforeAll(async () => {
    const env = { PLANS_FILE: CATALOGUE, GEMINI_MODEL: OWN, STRIPE_PRICE_ID: 'price_pro_month' };
    stack = await startStack({ apis: 2, env });
  }, 120_000);
  afterAll(() => stack?.stop());

  beforeEach(async () => {
    [basic, pro] = await Promise.all([signUpAndLogIn(stack.http), proUser(stack)]);
  });

  it('the API tells everyone the plans', async () => {
    const { status, body } = await stack.http.get('/plans');
    expect([status, body]).toEqual([
      200,
      {
        items: [
          { plan: 'basic', label: 'Basic', dailyMessages: 5, models: [FLASH, OWN], prices: [] },
          {
            plan: 'pro',
            label: 'Pro',
            dailyMessages: null,
            models: [FLASH, DEAR, OWN],
            prices: [{ interval: 'month' }, { interval: 'year' }],
          },
          { plan: 'team', label: 'Team', dailyMessages: null, models: [DEAR, OWN], prices: [] },
        ],
      },
    ]);
  });

  it('the API tells each user the models', async () => {
    const files = ['image', 'pdf', 'audio', 'text'];
    const flash = { name: FLASH, label: 'Flash', files, plans: ['basic', 'pro'] };
    const dear = { name: DEAR, label: 'Dear', files: ['pdf'], plans: ['pro', 'team'] };
    const own = { name: OWN, label: OWN, files, plans: ['basic', 'pro', 'team'] };
    expect((await basic.http.get('/models')).body).toEqual({
      items: [
        { ...flash, available: true, default: true, maxOutputTokens: 100 },
        { ...dear, available: false, default: false, maxOutputTokens: 200 },
        { ...own, available: true, default: false, maxOutputTokens: 100 },
      ],
    });
    expect((await pro.http.get('/models')).body).toEqual({
      items: [
        { ...flash, available: true, default: false, maxOutputTokens: 200 },
        { ...dear, available: true, default: false, maxOutputTokens: 200 },
        { ...own, available: true, default: true, maxOutputTokens: 200 },
      ],
    });
    expect((await stack.http.get('/models')).status).toBe(401);
  });

  it("a room's model is one that is on offer and in the plan", async () => {
    for (const { http, status, code } of [
      { http: basic.http, status: 403, code: 'model_not_in_plan' },
      { http: pro.http, status: 201, code: undefined },
    ]) {
      const created = await http.post('/chatroom', { model: DEAR });
      expect([created.status, created.body['code']]).toEqual([status, code]);
      const changed = await http.patch(`/chatroom/${await openRoom(http, { model: FLASH })}`, { model: DEAR });
      expect([changed.status, changed.body['code']]).toEqual([status === 201 ? 200 : status, code]);
      const unknown = await http.post('/chatroom', { model: 'gemini-unheard-of' });
      expect([unknown.status, unknown.body]).toMatchObject([
        400,
        { code: 'validation_failed', errors: [{ pointer: '/model' }] },
      ]);
    }
    const room = await openRoom(basic.http, { model: OWN });
    expect((await basic.http.patch(`/chatroom/${room}`, { model: null })).body['model']).toBeNull();
  });

  it('a user has as many rooms as the plan allows, also under parallel requests at two replicas', async () => {
    const clients = [basic.http, basic.http.at(stack.api(1).url)];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => clients[index % 2]!.post('/chatroom', { title: 'A room' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(17).fill(409)]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: 'too_many_chatrooms' });
    const { items } = (await basic.http.get<{ items: { id: string }[] }>('/chatroom')).body;
    expect(items).toHaveLength(3);

    expect((await basic.http.delete(`/chatroom/${items[0]!.id}`)).status).toBe(204);
    expect((await basic.http.post('/chatroom', {})).status).toBe(201);
  });

  it('a message is as long as the plan allows, and one that is too long costs nothing', async () => {
    const room = await openRoom(basic.http);
    const [dearRoom, path] = [await openRoom(pro.http), `/chatroom/${room}/message`];
    for (const content of ['x'.repeat(11), '🌍'.repeat(11), 'x'.repeat(50_001)]) {
      const { status, body } = await basic.http.post(path, { content });
      expect([status, body]).toMatchObject([400, { code: 'validation_failed', errors: [{ pointer: '/content' }] }]);
    }
    expect((await quotaOf(basic.http)).used).toBe(0);
    await send(basic.http, room, '🌍'.repeat(10));
    expect((await quotaOf(basic.http)).used).toBe(1);

    // The body may be as large as the longest message of any plan needs.
    await send(pro.http, dearRoom, '🌍'.repeat(50_000));
    const tooLong = await pro.http.post(`/chatroom/${dearRoom}/message`, { content: 'x'.repeat(50_001) });
    expect(tooLong.body).toMatchObject({
      errors: [{ pointer: '/content', detail: 'must have at most 50000 characters' }],
    });
  });
});
