/**
 * What is in a text and not seen in it: marks of direction, joiners, variation selectors and the like, which are copied along
 * with what people paste, and the mark that makes a keycap of a digit.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u20E3]/gu;

const DIGIT = /\p{Nd}/gu;
const isDigit = (codePoint: number): boolean => /\p{Nd}/u.test(String.fromCodePoint(codePoint));

/** Scripts' digits stand in runs of ten from zero to nine (The Unicode Standard, section 4.6); runs may follow each other. */
function valueOf(digit: string): number {
  const codePoint = digit.codePointAt(0)!;
  let before = 0;
  while (isDigit(codePoint - before - 1)) before++;
  return before % 10;
}

/**
 * Reads digits as people write them: without marks that no one sees, and with the digits 0 to 9 in place of those of any script.
 * Everything else stays as it is.
 */
export const readTypedDigits = (text: string): string =>
  text.replace(INVISIBLE, '').replace(DIGIT, (digit) => (digit <= '9' ? digit : String(valueOf(digit))));
