import 'reflect-metadata';
import { ValidationFailedError } from '@app/platform';
import fc from 'fast-check';
import { PhoneNumberService } from './phone-number.service.js';
import { PhoneConfig } from './phone.config.js';
import { PhoneCountryNotAllowedError } from './phone.errors.js';

const reader = (config: Partial<PhoneConfig> = {}) => new PhoneNumberService(Object.assign(new PhoneConfig(), config));

describe('a phone number', () => {
  it.each([
    ['+14155550123', '+14155550123'],
    ['+1 (415) 555-0123', '+14155550123'],
    [' +1.415.555.0123 ', '+14155550123'],
    ['+12025550123', '+12025550123'],
    ['+15550100123', '+15550100123'], // belongs to no area, but has the right length
    ['+447700900123', '+447700900123'], // reserved for fiction
    ['+44 (0)7700 900123', '+447700900123'],
    ['0044 7700 900123', '+447700900123'],
    ['+919876543210', '+919876543210'],
    ['tel:+14155550123', '+14155550123'],
    ['+٤٤٧٧٠٠٩٠٠١٢٣', '+447700900123'],
    ['+۴۴۷۷۰۰۹۰۰۱۲۳', '+447700900123'],
    ['+४४ ७७०० ९००१२३', '+447700900123'],
    ['＋４４（０）７７００　９００１２３', '+447700900123'],
    ['+𝟒𝟒𝟕𝟕𝟎𝟎𝟗𝟎𝟎𝟏𝟐𝟑', '+447700900123'],
    ['+4️⃣4️⃣7700900123', '+447700900123'],
    ['➕44 7700 900123', '+447700900123'],
    ['\u202D+44 7700 900123\u202C', '+447700900123'],
    ['\u2066+44\u200E 7700\u200F 900123\u2069', '+447700900123'],
    ['\uFEFF+44\u202F7700\u2009900123\u00A0', '+447700900123'],
    ['+44\t7700\n900123\u0085', '+447700900123'],
    ['+44‑7700‒900—123', '+447700900123'],
    ['+44·7700·900123', '+447700900123'],
    ['(+44) 7700 900123', '+447700900123'],
    ['( +44 ) 7700 900123', '+447700900123'],
    ['（＋４４）７７００　９００１２３', '+447700900123'],
    ['[+44] 7700 900123', '+447700900123'],
    ['【+44】7700（900123）', '+447700900123'],
    ['((+44) 7700 900123)', '+447700900123'],
    ['tel:(+44) 7700 900123', '+447700900123'],
    ['(0044) 7700 900123', '+447700900123'],
    ['00 (44) 7700 900123', '+447700900123'],
    ['\u202A٠٠٤٤٧٧٠٠٩٠٠١٢٣\u202C', '+447700900123'],
  ])('written %s is %s', (written, e164) => {
    expect(reader().read(written).number).toBe(e164);
  });

  it.each([
    ['', 'empty'],
    ['abc', 'letters'],
    ['+123', 'too short for any country'],
    ['+1415555012', 'too short for its country'],
    ['+141555501234567', 'too long'],
    ['+999123456789', 'a country code that does not exist'],
    ['07700 900123', 'national, without a default region'],
    ['+14155550123 ext. 5', 'with an extension'],
    ['call +14155550123', 'within a sentence'],
    ['+447900000000000', 'too long for its country'],
    ['+1 900 555 0123', 'dialled at a premium'],
    ['+44 845 464 6464', 'of shared cost'],
    ['+44 7012 345678', 'personal, forwarded at a premium'],
    ['+870 773 111632', 'of a satellite'],
    ['+881 6 12345678', 'of a satellite'],
    ['+882 51 12345678', 'of an international network'],
    ['+883 5100 12345678', 'of an international network'],
    ['+888 123 45678901', 'for relief in disasters'],
    ['+979 123 456789', 'dialled at a premium, international'],
    ['+800 1234 5678', 'free for callers, international'],
    ['+808 1234 5678', 'of shared cost, international'],
    ['+878 10 1234567890', 'personal, international'],
    ['００８７０ 773 111632', 'of a satellite, in other digits'],
    ['+44\u00007700900123', 'with a control character'],
    ['++447700900123', 'with two plus signs'],
  ])('is refused with its pointer: %j (%s)', (written) => {
    let thrown: unknown;
    try {
      reader().read(written);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ValidationFailedError);
    expect((thrown as ValidationFailedError).errors).toEqual([expect.objectContaining({ pointer: '/phone' })]);
  });

  it('is the same in any digits and with any invisible marks and spaces', () => {
    const numbers = [
      '+14155550123',
      '+447700900123',
      '+919876543210',
      '+8613812345678',
      '+33612345678',
      '+5511987654321',
    ];
    const zeros = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x1040, 0x17e0, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7f6, 0x1fbf0];
    const marks = ['\u200E', '\u200F', '\u2060', '\uFEFF', '\u00AD', '\u061C', '\uFE0F', '\u{E0101}', '\u180E'];
    const directions = ['\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069'];
    const spaces = [' ', '\u00A0', '\u202F', '\u3000', '\u2003', '\t', '-', '\u2011', '.'];
    const around = fc.array(fc.constantFrom(...marks, ...directions), { maxLength: 3 }).map((each) => each.join(''));
    const between = fc.constantFrom('', '', '', ...spaces);
    const decorated = fc.constantFrom(...numbers).chain((number) =>
      fc
        .array(fc.tuple(around, between, fc.constantFrom(...zeros)), {
          minLength: number.length,
          maxLength: number.length,
        })
        .chain((parts) => fc.constantFrom('+', '\uFF0B', '00').map((plus) => ({ number, parts, plus }))),
    );
    fc.assert(
      fc.property(decorated, ({ number, parts, plus }) => {
        const written = Array.from(number.slice(1), (digit, index) => {
          const [marksBefore, space, zero] = parts[index]!;
          return marksBefore + (index === 0 ? '' : space) + String.fromCodePoint(zero + Number(digit));
        }).join('');
        const [last] = parts.at(-1)!;
        expect(reader().read(last + plus + written + last).number).toBe(number);
      }),
      { numRuns: 500 },
    );
  });

  it('may be written as within the default region, where there is one', () => {
    const british = reader({ PHONE_DEFAULT_REGION: 'GB' });
    expect(british.read('07700 900123').number).toBe('+447700900123');
    expect(british.read('+1 415 555 0123').number).toBe('+14155550123');
  });

  it('is refused from a country that is not allowed', () => {
    const european = reader({ PHONE_ALLOWED_COUNTRIES: ['GB', 'FR'] });
    expect(european.read('+447700900123').number).toBe('+447700900123');
    expect(() => european.read('+14155550123')).toThrow(PhoneCountryNotAllowedError);
  });
});
