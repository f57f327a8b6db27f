import { isShareToken, newShareToken } from './share-token.js';

describe('a token of a share', () => {
  it('is another each time, and known as one', () => {
    const tokens = Array.from({ length: 1_000 }, newShareToken);
    expect(new Set(tokens).size).toBe(1_000);
    expect(tokens.filter((token) => !isShareToken(token))).toEqual([]);
  });

  it.each([
    '',
    'short',
    'a'.repeat(31),
    'a'.repeat(33),
    `${'a'.repeat(31)}\0`,
    `${'a'.repeat(32)}\n`,
    `${'a'.repeat(31)}é`,
  ])('is not %j', (text) => expect(isShareToken(text)).toBe(false));
});
