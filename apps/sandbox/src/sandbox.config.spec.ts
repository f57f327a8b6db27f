import { plansFile, writePlansFile } from '../../../test/support/plans-file.js';
import { readSandboxConfig } from './sandbox.config.js';

describe('readSandboxConfig', () => {
  it('listens on 9200 of this machine alone unless told otherwise', () => {
    expect(readSandboxConfig({ SANDBOX_PORT: '' })).toMatchObject({ port: 9200, host: '127.0.0.1', smsSecret: null });
  });

  it('sells what the file of plans has, beside Pro by the month', () => {
    const PLANS_FILE = plansFile(({ plans }) => {
      plans.pro.prices = { month: { id: 'price_a' }, year: { id: 'price_b' } };
    });
    const { prices } = readSandboxConfig({ PLANS_FILE, STRIPE_PRICE_ID: 'price_a' }).stripe;
    expect(prices.map(({ id, interval }) => [id, interval])).toEqual([
      ['price_a', 'month'],
      ['price_b', 'year'],
    ]);
  });

  it.each(['', '{', '[]', 'null', '{"plans": 7}', '{"plans": {"pro": null}}'])(
    'leaves it to the product to say what is wrong with the file %j',
    (text) => {
      const { prices } = readSandboxConfig({ PLANS_FILE: writePlansFile(text) }).stripe;
      expect(prices.map(({ id }) => id)).toEqual(['price_pro']);
    },
  );

  it('refuses production', () => {
    expect(() => readSandboxConfig({ NODE_ENV: 'production' })).toThrow(/NODE_ENV/);
  });

  it.each(['-1', '65536', '80.5', 'http'])('refuses %s for a port', (port) => {
    expect(() => readSandboxConfig({ SANDBOX_PORT: port })).toThrow('SANDBOX_PORT');
  });
});
