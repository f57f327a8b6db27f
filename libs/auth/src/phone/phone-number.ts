import { type CountryCode, parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max';

/**
 * Reads a phone number in any common writing: with `+` or `00` and country code (`tel:` in front is no harm), or as
 * dialled within the default region.
 * It has to be a possible number (the right length for its country), not one of an assigned block: blocks are opened
 * faster than metadata is shipped, and the numbers reserved for fiction belong to none.
 *
 * @returns undefined when it is no phone number, has an extension, or is dialled at a premium
 */
export function parsePhoneNumber(text: string, defaultRegion?: CountryCode): PhoneNumber | undefined {
  const international = text
    .trim()
    .replace(/^tel:/i, '')
    .replace(/^00(?=[1-9 (-])/, '+');
  const phone = parsePhoneNumberFromString(international, {
    ...(defaultRegion === undefined ? {} : { defaultCountry: defaultRegion }),
    extract: false,
  });
  if (!phone?.isPossible() || phone.ext !== undefined || phone.getType() === 'PREMIUM_RATE') return undefined;
  return phone;
}
