import 'reflect-metadata';
import { ValidationFailedError } from '@app/platform';
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
