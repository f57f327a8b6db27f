import 'reflect-metadata';
import { relative } from 'node:path';
import { ConfigError, loadConfig } from '@app/platform';
import { type PlansFile, plansFile, shippedPlans, writePlansFile } from '../../../../test/support/plans-file.js';
import { CatalogueConfig } from './catalogue.config.js';
import type { PlanCatalogue } from './plan-catalogue.js';
import { loadPlanCatalogue } from './load-plan-catalogue.js';

type Environment = Record<string, string>;

const load = (env: Environment = {}): PlanCatalogue => loadPlanCatalogue(loadConfig([CatalogueConfig], env)[0]);
const loadChanged = (change: (file: PlansFile) => void, env: Environment = {}): PlanCatalogue =>
  load({ PLANS_FILE: plansFile(change), ...env });

/** What a process says that is started with this file. */
function problemsWith(path: string, env: Environment = {}): string[] {
  try {
    load({ PLANS_FILE: path, ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Sets what a JSON pointer leads to; undefined removes it. */
function set(file: PlansFile, pointer: string, value: unknown): void {
  const steps = pointer.split('/').slice(1);
  const last = steps.pop() ?? '';
  const target = steps.reduce(
    (at, step) => at[step] as Record<string, unknown>,
    file as unknown as Record<string, unknown>,
  );
  if (value === undefined) delete target[last];
  else target[last] = value;
}

const MODEL = 'gemini-flash-latest';
const PRICED = { month: { id: 'price_m' }, year: { id: 'price_y' } };

describe('the catalogue that ships', () => {
  it('has the plans basic and pro, with the default model of the environment', () => {
    const catalogue = load();
    expect(catalogue.plans.map(({ name }) => name)).toEqual(['basic', 'pro']);
    expect(catalogue.plan('basic')).toMatchObject({
      dailyMessages: 5,
      models: [MODEL],
      defaultModel: MODEL,
      prices: {},
    });
    expect(catalogue.plan('pro')).toMatchObject({ dailyMessages: null, concurrentReplies: 5 });
    expect(catalogue.lowestPaid?.name).toBe('pro');
    expect(catalogue.messageCharacters).toEqual({ smallest: 32_000, largest: 32_000 });
  });

  it('takes the daily messages and the price from the variables', () => {
    const catalogue = load({ BASIC_DAILY_MESSAGES: '0', STRIPE_PRICE_ID: 'price_1' });
    expect(catalogue.plan('basic').dailyMessages).toBe(0);
    expect(catalogue.plan('pro').prices).toEqual({
      month: { id: 'price_1', trialDays: 0, promotionCodes: false, automaticTax: false },
    });
    expect(catalogue.planOfPrice('price_1')?.name).toBe('pro');
  });
});

describe('a catalogue', () => {
  it('has basic first and the others in the order of the file, of which the first paid one is the lowest', () => {
    const catalogue = loadChanged((file) => {
      const { basic, pro } = file.plans;
      file.plans = { team: pro, basic, pro };
    });
    expect(catalogue.plans.map(({ name }) => name)).toEqual(['basic', 'team', 'pro']);
    expect(catalogue.lowestPaid?.name).toBe('team');
  });

  it('keeps the other switches of the price whose id a variable overrides', () => {
    const month = { id: 'price_of_file', trialDays: 14, promotionCodes: true };
    const catalogue = loadChanged((file) => (file.plans.pro.prices = { ...PRICED, month }), {
      STRIPE_PRICE_ID: 'price_of_variable',
    });
    expect(catalogue.plan('pro').prices).toEqual({
      month: { id: 'price_of_variable', trialDays: 14, promotionCodes: true, automaticTax: false },
      year: { id: 'price_y', trialDays: 0, promotionCodes: false, automaticTax: false },
    });
  });

  it('knows what tokens and searches cost where the file says it', () => {
    const catalogue = loadChanged(({ models }) => {
      models['plain'] = { label: 'Plain' };
      models['searching'] = { label: 'Searching', usdPerThousandSearches: 35 };
      models['uncached'] = { label: 'Uncached', usdPerMillion: { input: 1, output: 2 } };
    });
    expect(catalogue.model('plain')?.usdPerMillion).toBeNull();
    expect(catalogue.model('uncached')?.usdPerMillion).toEqual({ input: 1, cached: null, output: 2 });
    expect(catalogue.model('searching')).toMatchObject({ usdPerMillion: null, usdPerThousandSearches: 35 });
    expect(catalogue.model('uncached')?.usdPerThousandSearches).toBeNull();
    expect(catalogue.model(MODEL)?.usdPerThousandSearches).toBe(14);
    expect(catalogue.model('unheard-of')).toBeNull();
  });

  it('has a model take the kinds of files that the file says, or all, and ten in a message unless the plan says more', () => {
    const catalogue = loadChanged(({ models, plans }) => {
      models['deaf'] = { label: 'Deaf', files: ['image', 'pdf'] };
      models['blind'] = { label: 'Blind', files: [] };
      delete plans.pro.filesPerMessage;
    });
    expect([MODEL, 'deaf', 'blind'].map((name) => catalogue.model(name)?.files)).toEqual([
      ['image', 'pdf', 'audio', 'text'],
      ['image', 'pdf'],
      [],
    ]);
    expect(['basic', 'pro'].map((name) => catalogue.plan(name).filesPerMessage)).toEqual([5, 10]);
    const { files, plans } = JSON.parse(catalogue.sqlParameter) as { files: object; plans: Record<string, object> };
    expect([files, plans['basic']]).toMatchObject([{ blind: [] }, { filesPerMessage: 5 }]);
  });

  it("offers the environment's model in every plan when a plan names no default", () => {
    const catalogue = loadChanged(({ plans }) => (plans.basic.defaultModel = MODEL), { GEMINI_MODEL: 'gemini-own' });
    expect(catalogue.plan('basic')).toMatchObject({ defaultModel: MODEL, models: [MODEL, 'gemini-own'] });
    expect(catalogue.plan('pro')).toMatchObject({ defaultModel: 'gemini-own', models: [MODEL, 'gemini-own'] });
    expect(catalogue.model('gemini-own')).toEqual({
      name: 'gemini-own',
      label: 'gemini-own',
      files: ['image', 'pdf', 'audio', 'text'],
      usdPerMillion: null,
      usdPerThousandSearches: null,
    });
    expect(catalogue.plansWith('gemini-own').map(({ name }) => name)).toEqual(['basic', 'pro']);
  });

  it("doesn't offer it when every plan names its default", () => {
    const change = ({ plans }: PlansFile) => Object.values(plans).forEach((plan) => (plan.defaultModel = MODEL));
    const catalogue = loadChanged(change, { GEMINI_MODEL: 'gemini-own' });
    expect(catalogue.models.map(({ name }) => name)).toEqual([MODEL]);
    expect(catalogue.plans.map(({ models }) => models)).toEqual([[MODEL], [MODEL]]);
  });

  it('is read from the working directory when its path is relative, with a byte order mark, too', () => {
    const path = writePlansFile(`\uFEFF${JSON.stringify(shippedPlans())}`);
    expect(problemsWith(relative(process.cwd(), path))).toEqual([]);
  });
});

describe('what is wrong with a file', () => {
  it.each<[string, string, unknown, string]>([
    ['a key that is not known', '/colour', 'blue', '/colour is not a known setting'],
    ['a setting that is not known', '/plans/pro/dailyMesages', 5, '/plans/pro/dailyMesages is not a known setting'],
    [
      'a price switch that is not known',
      '/plans/pro/prices',
      { month: { id: 'p', vat: true } },
      '/plans/pro/prices/month/vat is not a known setting',
    ],
    [
      'an interval that is not known',
      '/plans/pro/prices',
      { week: { id: 'p' } },
      '/plans/pro/prices/week is not a known setting',
    ],
    [
      'an impossible name of a model',
      '/models/models~x',
      { label: 'X' },
      '/models/models~0x is no name of a model: lower-case letters, digits, dots and hyphens, without "models/"',
    ],
    [
      'an impossible name of a plan',
      '/plans/Gold',
      {},
      '/plans/Gold is no name of a plan: lower-case letters, digits, hyphens and underscores, beginning with a letter',
    ],
    ['a missing limit', '/plans/pro/maxChatrooms', undefined, '/plans/pro/maxChatrooms is missing'],
    ['a limit of another type', '/plans/pro/maxOutputTokens', '4096', '/plans/pro/maxOutputTokens must be integer'],
    [
      'messages of another type',
      '/plans/basic/dailyMessages',
      '5',
      '/plans/basic/dailyMessages must be integer or null',
    ],
    ['a fraction', '/plans/basic/dailyMessages', 2.5, '/plans/basic/dailyMessages must be integer or null'],
    ['a negative limit', '/plans/basic/dailyMessages', -1, '/plans/basic/dailyMessages must be >= 0'],
    ['no replies at once', '/plans/basic/concurrentReplies', 0, '/plans/basic/concurrentReplies must be >= 1'],
    [
      'too many replies at once',
      '/plans/basic/concurrentReplies',
      101,
      '/plans/basic/concurrentReplies must be <= 100',
    ],
    ['answers without a token', '/plans/basic/maxOutputTokens', 0, '/plans/basic/maxOutputTokens must be >= 1'],
    ['a blank label', '/plans/basic/label', ' ', '/plans/basic/label must match pattern "\\S"'],
    [
      'a price per token below nothing',
      '/models/gemini-flash-latest/usdPerMillion/input',
      -1,
      '/models/gemini-flash-latest/usdPerMillion/input must be >= 0',
    ],
    [
      'a price of searches below nothing',
      '/models/gemini-flash-latest/usdPerThousandSearches',
      -1,
      '/models/gemini-flash-latest/usdPerThousandSearches must be >= 0',
    ],
    [
      'a price of searches in words',
      '/models/gemini-flash-latest/usdPerThousandSearches',
      '14',
      '/models/gemini-flash-latest/usdPerThousandSearches must be number',
    ],
    [
      'no price of the output',
      '/models/gemini-flash-latest/usdPerMillion/output',
      undefined,
      '/models/gemini-flash-latest/usdPerMillion/output is missing',
    ],
    [
      'a model that is not on offer',
      '/plans/pro/models',
      [MODEL, 'gemini-typo'],
      '/plans/pro/models/1 is not in /models',
    ],
    [
      'a kind of file that there is not',
      '/models/gemini-flash-latest/files',
      ['image', 'video'],
      '/models/gemini-flash-latest/files/1 must be equal to one of the allowed values',
    ],
    [
      'a kind of file twice',
      '/models/gemini-flash-latest/files',
      ['pdf', 'pdf'],
      '/models/gemini-flash-latest/files/1 is there twice',
    ],
    ['too many files', '/plans/pro/filesPerMessage', 101, '/plans/pro/filesPerMessage must be <= 100'],
    ['a model twice', '/plans/pro/models', [MODEL, MODEL], '/plans/pro/models/1 is there twice'],
    [
      'a default that the plan does not have',
      '/plans/pro/defaultModel',
      'gemini-typo',
      '/plans/pro/defaultModel is not in /plans/pro/models',
    ],
    [
      'a price of basic',
      '/plans/basic/prices',
      PRICED,
      '/plans/basic/prices must not be there: this is the plan of whoever has not paid',
    ],
    [
      'a price twice',
      '/plans/pro/prices',
      { month: { id: 'p' }, year: { id: 'p' } },
      '/plans/pro/prices/year/id is the same price as /plans/pro/prices/month/id',
    ],
    ['a price without its id', '/plans/pro/prices', { month: {} }, '/plans/pro/prices/month/id is missing'],
    [
      'a trial that never ends',
      '/plans/pro/prices',
      { month: { id: 'p', trialDays: 731 } },
      '/plans/pro/prices/month/trialDays must be <= 730',
    ],
    ['plans that are a list', '/plans', [], '/plans must be object'],
  ])('is named with its place: %s', (_, pointer, value, problem) => {
    const path = plansFile((file) => set(file, pointer, value));
    expect(problemsWith(path)).toEqual([`PLANS_FILE: ${problem}`]);
  });

  it('is told all at once', () => {
    const path = plansFile((file) => {
      set(file, '/plans/basic', undefined);
      set(file, '/plans/pro/historyTokens', -1);
      set(file, '/plans/pro/models', ['gemini-typo']);
    });
    expect(problemsWith(path)).toEqual([
      'PLANS_FILE: /plans/basic is missing',
      'PLANS_FILE: /plans/pro/historyTokens must be >= 0',
      'PLANS_FILE: /plans/pro/models/0 is not in /models',
    ]);
    expect(problemsWith(writePlansFile('{}'))).toEqual([
      'PLANS_FILE: /models is missing',
      'PLANS_FILE: /plans is missing',
    ]);
  });

  it.each<[string, string, string]>([
    ['is broken', '{\n  "models": {},\n  "plans": {},\n}', 'line 4, column 1: property name expected'],
    ['holds something else', 'root:x:0:0', 'line 1, column 1: invalid symbol'],
    ['is empty', '', 'line 1, column 1: value expected'],
    ['has a comment', '{} // plans', 'line 1, column 4: invalid comment token'],
    ['has a key twice', '{"models": {},\n"plans": {},\n"plans": {}}', '/plans is there twice (line 3)'],
    ['is no object', '[]', '/ must be object'],
  ])('is told when the file %s', (_, text, problem) => {
    expect(problemsWith(writePlansFile(text))).toEqual([`PLANS_FILE: ${problem}`]);
  });

  it.each([
    ['is not there', '/does/not/exist.json', 'ENOENT'],
    ['is a folder', '/', 'EISDIR'],
  ])('is told when the file %s', (_, path, code) => {
    expect(problemsWith(path)).toEqual([`PLANS_FILE cannot be read: ${code} for ${path}`]);
  });

  it("is also a price of the variable's that the file has elsewhere", () => {
    const path = plansFile(({ plans }) => (plans.pro.prices = PRICED));
    expect(problemsWith(path, { STRIPE_PRICE_ID: 'price_m' })).toEqual([]);
    expect(problemsWith(path, { STRIPE_PRICE_ID: 'price_y' })).toEqual([
      'STRIPE_PRICE_ID is the same price as /plans/pro/prices/year/id',
    ]);
  });
});
