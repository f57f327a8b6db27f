import { VerifiedTokenCache } from './verified-token.cache.js';

const claims = (exp: number) => ({ typ: 'access', sub: 'user', sid: 'session', jti: 'token', exp });
const seconds = () => Date.now() / 1_000;

describe('tokens that were verified', () => {
  it('are known until they expire', () => {
    const cache = new VerifiedTokenCache();
    const valid = claims(seconds() + 60);
    cache.add('valid', valid);
    cache.add('expired', claims(seconds() - 1));
    expect(cache.find('valid')).toBe(valid);
    expect(cache.find('expired')).toBeNull();
  });

  it('are no others', () => {
    const cache = new VerifiedTokenCache();
    cache.add('a.b.c', claims(seconds() + 60));
    for (const token of ['', 'a.b.C', 'a.b.c ', 'a.b']) expect(cache.find(token)).toBeNull();
  });

  it('are forgotten, the oldest first, when there are many', () => {
    const cache = new VerifiedTokenCache();
    for (let n = 0; n <= 10_000; n++) cache.add(`token ${n}`, claims(seconds() + 60));
    expect(cache.find('token 0')).toBeNull();
    expect(cache.find('token 1')).not.toBeNull();
  });
});
