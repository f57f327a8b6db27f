import { bearerToken, sendsToken } from './jwt.strategy.js';

const read = (authorization?: string): string | null =>
  bearerToken({ headers: authorization === undefined ? {} : { authorization } });

describe('the bearer token', () => {
  it.each(['Bearer a.b-c.d_e', 'bearer a.b-c.d_e', 'BEARER   a.b-c.d_e'])('is read from %j', (header) => {
    expect(read(header)).toBe('a.b-c.d_e');
  });

  it.each([
    [undefined],
    [''],
    ['Bearer'],
    ['Bearer '],
    ['a.b.c'],
    ['Basic a.b.c'],
    ['Bearer a.b.c d'],
    ['xBearer a.b.c'],
    ['Bearer a,b'],
    // A pattern that tries each beginning would take this length squared.
    ['a'.repeat(10_000_000)],
  ])('is not in a header like that', (header) => {
    expect(read(header)).toBeNull();
  });
});

describe('a request', () => {
  it.each([
    ['Bearer a.b.c', true],
    ['bearer !', true],
    ['Bearer a b', true],
    ['Bearer ', false],
    ['Bearer', false],
    ['Basic a.b.c', false],
    [undefined, false],
  ])('with %j sends a token: %j', (authorization, expected) => {
    expect(sendsToken({ headers: authorization === undefined ? {} : { authorization } })).toBe(expected);
  });
});
