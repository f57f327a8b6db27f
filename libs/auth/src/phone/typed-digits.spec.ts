import { readTypedDigits } from './typed-digits.js';

describe('digits as people write them', () => {
  it.each([
    ['123456', '123456'],
    ['١٢٣٤٥٦', '123456'],
    ['۱۲۳۴۵۶', '123456'],
    ['१२३४५६', '123456'],
    ['１２３４５６', '123456'],
    ['1️⃣2️⃣3️⃣456', '123456'],
    ['\u202D12\u200B34\u206956\uFE0F', '123456'],
    ['a²½Ⅷ', 'a²½Ⅷ'],
  ])('%s are read as %s', (written, plain) => {
    expect(readTypedDigits(written)).toBe(plain);
  });

  it('are known in every script', () => {
    const codePoints = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint);
    const digits = codePoints.filter((codePoint) => /\p{Nd}/u.test(String.fromCodePoint(codePoint)));
    const read = readTypedDigits(digits.map((codePoint) => String.fromCodePoint(codePoint)).join(''));
    expect(read).toBe('0123456789'.repeat(digits.length / 10));
  });
});
