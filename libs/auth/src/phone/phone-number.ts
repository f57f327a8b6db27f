import { type CountryCode, parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max';

/**
 * Reads a phone number in any common writing: with `+` or `00` and country code (`tel:` in front is ignored), or as
 * dialled within the default region.
 * It has to be a possible number (the right length for its country), not one of an assigned block: blocks are opened
 * faster than metadata is shipped, and the numbers reserved for fiction belong to none.
 *
 * @returns null when it is no phone number, has an extension, or is a premium-rate number
 */
export function parsePhoneNumber(text: string, defaultRegion?: CountryCode): PhoneNumber | null {
  const international = text
    .trim()
    .replace(/^tel:/i, '')
    .replace(/^00(?=[1-9 (-])/, '+');
  const phone = parsePhoneNumberFromString(international, {
    ...(defaultRegion === undefined ? {} : { defaultCountry: defaultRegion }),
    extract: false,
  });
  if (!phone?.isPossible() || phone.ext !== undefined || phone.getType() === 'PREMIUM_RATE') return null;
  return phone;
}
