import { type CountryCode, type NumberType, parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max';
import { readTypedDigits } from './typed-digits.js';

/** Numbers that earn money for who is called, or that belong to no phone: a code sent there pays a fraudster. */
const REFUSED_TYPES: ReadonlySet<NumberType> = new Set(['PREMIUM_RATE', 'SHARED_COST', 'PERSONAL_NUMBER', 'UAN']);

/** Country codes of no country: satellites, international networks, freephone and the like. Messages to them cost the most. */
const REFUSED_CALLING_CODES: ReadonlySet<string> = new Set([
  ...['800', '808', '870', '878', '881', '882', '883', '888', '979'],
]);

/** The plus signs of Unicode: full-width, small, superscript, Hebrew and the emoji. */
const PLUS = /[\uFF0B\uFE62\u207A\uFB29\u2795]/g;
/** Dots that people set between groups, and that the library doesn't take for punctuation. */
const MIDDLE_DOT = /[\u00B7\u2022\u2027\u2219\u22C5\u30FB\uFF65]/g;

/** A number without what is only its writing, and with `+` in front of a country code. */
function plainWriting(text: string): string {
  return readTypedDigits(text)
    .replace(PLUS, '+')
    .replace(/\p{Dash}/gu, '-')
    .replace(/\p{Open_Punctuation}/gu, '(')
    .replace(/\p{Close_Punctuation}/gu, ')')
    .replace(MIDDLE_DOT, '.')
    .replace(/\p{White_Space}+/gu, ' ')
    .trim()
    .replace(/^tel: ?/i, '')
    .replace(/^[([ ]+(?=\+|00)/, '')
    .replace(/^\+[)\] ]*(?=\d)/, '+')
    .replace(/^00[)\] ]*[([ -]*(?=[1-9])/, '+');
}

/**
 * Reads a phone number in any common writing: in the digits of any script, with `+` or `00` and country code (`tel:` in front is
 * ignored), or as dialled within the default region.
 * It has to be a possible number (the right length for its country), not one of an assigned block: blocks are opened
 * faster than metadata is shipped, and the numbers reserved for fiction belong to none.
 *
 * @returns null when it is no phone number, has an extension, is charged specially (premium rate, shared cost, a personal or company number
 *   that forwards calls), or belongs to no country (satellite, international freephone, ...)
 */
export function parsePhoneNumber(text: string, defaultRegion?: CountryCode): PhoneNumber | null {
  const phone = parsePhoneNumberFromString(plainWriting(text), {
    ...(defaultRegion === undefined ? {} : { defaultCountry: defaultRegion }),
    extract: false,
  });
  if (!phone?.isPossible() || phone.ext !== undefined) return null;
  return isForPeople(phone) ? phone : null;
}

function isForPeople(phone: PhoneNumber): boolean {
  const type = phone.getType();
  if (type !== undefined && REFUSED_TYPES.has(type)) return false;
  return !phone.isNonGeographic() && !REFUSED_CALLING_CODES.has(phone.countryCallingCode);
}
