import type { FastifyRequest } from 'fastify';
import { StripeApiError } from '../account/stripe.errors.js';
import { decodeForm, Params } from './params.js';

const decoded = (flat: Record<string, string | string[]>) => decodeForm({ query: {}, body: flat } as FastifyRequest);
const problem = (work: () => unknown): StripeApiError['details'] => {
  try {
    work();
  } catch (error) {
    if (error instanceof StripeApiError) return error.details;
  }
  throw new Error('It was accepted');
};

describe('parameters of the sandbox’s API', () => {
  it('are read from bracketed names', () => {
    const form = decoded({
      'metadata[user]': '7',
      'line_items[0][price]': 'a',
      'line_items[1][price]': 'b',
      'expand[]': ['x', 'y'],
    });
    expect(form).toEqual({ metadata: { user: '7' }, line_items: [{ price: 'a' }, { price: 'b' }], expand: ['x', 'y'] });
  });

  it('are unknown when they are not read, however deep', () => {
    const form = decoded({ 'a[b][c]': '1', 'a[b][d]': '2' });
    const reader = (params: Params) => params.hash('a', (a) => a.hash('b', (b) => b.string('c')));
    expect(problem(() => Params.read(form, reader))).toEqual({ code: 'parameter_unknown', param: 'a[b][d]' });
  });

  it('are named in full when missing, empty or malformed', () => {
    const read = (form: Record<string, string>, reader: (item: Params) => unknown) =>
      problem(() => Params.read(decoded(form), (params) => params.hashes('items', reader)));
    const form = { 'items[0][x]': '' };
    expect(read(form, (item) => item.required('y'))).toMatchObject({ code: 'parameter_missing', param: 'items[0][y]' });
    expect(read(form, (item) => item.string('x'))).toMatchObject({
      code: 'parameter_invalid_empty',
      param: 'items[0][x]',
    });
    expect(read({ 'items[0][x]': '1.5' }, (item) => item.integer('x'))).toMatchObject({ param: 'items[0][x]' });
  });

  it('hold metadata without its empty values, and within Stripe’s limits', () => {
    const read = (form: Record<string, string>) => Params.read(decoded(form), (params) => params.metadata('metadata'));
    expect(read({ 'metadata[a]': '', 'metadata[c]': '3' })).toEqual({ c: '3' });
    expect(read({ metadata: '' })).toEqual({});
    expect(read({})).toBeUndefined();
    expect(problem(() => read({ 'metadata[d]': 'x'.repeat(501) }))).toMatchObject({ param: 'metadata' });
  });
});
