import { assertOneHashTag, CrossSlotError, hashTagOf } from './hash-tag.js';

describe('hashTagOf', () => {
  // Redis' own rule, by the examples of its cluster specification.
  it.each([
    ['{user1000}.following', 'user1000'],
    ['foo{}{bar}', 'foo{}{bar}'],
    ['foo{{bar}}zap', '{bar'],
    ['foo{bar}{zap}', 'bar'],
    ['foo', 'foo'],
    ['foo{bar', 'foo{bar'],
    ['foo}bar{', 'foo}bar{'],
  ])('of %s is %s', (key, tag) => {
    expect(hashTagOf(key)).toBe(tag);
  });
});

describe('assertOneHashTag', () => {
  it('takes keys of one tag, one key, and none', () => {
    expect(() => assertOneHashTag(['{otp}:a', '{otp}:b'])).not.toThrow();
    expect(() => assertOneHashTag(['a'])).not.toThrow();
    expect(() => assertOneHashTag([])).not.toThrow();
  });

  it('refuses keys that a cluster may have in two places', () => {
    expect(() => assertOneHashTag(['{otp}:a', '{rate}:b'])).toThrow(CrossSlotError);
    expect(() => assertOneHashTag(['a', 'b'])).toThrow(CrossSlotError);
  });
});
