import { plansFile, writePlansFile } from '../../../test/support/plans-file.js';
import { readSandboxConfig } from './sandbox.config.js';

const read = (env: NodeJS.ProcessEnv) => readSandboxConfig({ NODE_ENV: 'test', ...env });

describe('readSandboxConfig', () => {
  it('listens on 9200 of this machine alone unless told otherwise', () => {
    expect(read({ SANDBOX_PORT: '' })).toMatchObject({ port: 9200, host: '127.0.0.1', smsSecret: null });
  });

  it('sells what the file of plans has, beside Pro by the month', () => {
    const PLANS_FILE = plansFile(({ plans }) => {
      plans.pro.prices = { month: { id: 'price_a' }, year: { id: 'price_b' } };
    });
    const { prices } = read({ PLANS_FILE, STRIPE_PRICE_ID: 'price_a' }).stripe;
    expect(prices.map(({ id, interval }) => [id, interval])).toEqual([
      ['price_a', 'month'],
      ['price_b', 'year'],
    ]);
  });

  it.each(['', '{', '[]', 'null', '{"plans": 7}', '{"plans": {"pro": null}}'])(
    'leaves it to the product to say what is wrong with the file %j',
    (text) => {
      const { prices } = read({ PLANS_FILE: writePlansFile(text) }).stripe;
      expect(prices.map(({ id }) => id)).toEqual(['price_pro']);
    },
  );

  it.each(['production', '', 'prod', 'Development'])('refuses NODE_ENV=%s', (NODE_ENV) => {
    expect(() => readSandboxConfig({ NODE_ENV })).toThrow(/NODE_ENV/);
  });

  it('has to be told that it does not run in production', () => {
    expect(() => readSandboxConfig({})).toThrow(/NODE_ENV must be development or test/);
  });

  it.each(['-1', '65536', '80.5', 'http'])('refuses %s for a port', (port) => {
    expect(() => read({ SANDBOX_PORT: port })).toThrow('SANDBOX_PORT');
  });

  it('answers all at once unless told a pace', () => {
    expect(read({ SANDBOX_GEMINI_TOKENS_PER_SECOND: '' }).gemini.tokensPerSecond).toBe(0);
    expect(read({ SANDBOX_GEMINI_TOKENS_PER_SECOND: '12.5' }).gemini.tokensPerSecond).toBe(12.5);
  });

  it.each(['-1', 'fast', 'Infinity'])('refuses %s for a pace', (pace) => {
    expect(() => read({ SANDBOX_GEMINI_TOKENS_PER_SECOND: pace })).toThrow('SANDBOX_GEMINI_TOKENS_PER_SECOND');
  });
});
