import { RefreshToken } from './refresh-token.js';

describe('a refresh token', () => {
  const token = RefreshToken.first();

  it('survives the way to the client and back', () => {
    const read = RefreshToken.parse(token.toString());
    expect(read?.familyHash).toEqual(token.familyHash);
    expect(read?.hash).toEqual(token.hash);
  });

  it('has the same successor whenever the salt is the same, and another with another salt', () => {
    const salt = RefreshToken.newSalt();
    expect(token.successor(salt).toString()).toBe(token.successor(salt).toString());
    expect(token.successor(salt).toString()).not.toBe(token.successor(RefreshToken.newSalt()).toString());
  });

  it('shares only its family with its successor', () => {
    const successor = token.successor(RefreshToken.newSalt());
    expect(successor.familyHash).toEqual(token.familyHash);
    expect(successor.hash).not.toEqual(token.hash);
  });

  it.each(['', 'nonsense', `${RefreshToken.first().toString()}A`, '!'.repeat(86)])('is not read from %j', (text) => {
    expect(RefreshToken.parse(text)).toBeNull();
  });
});
