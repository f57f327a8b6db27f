import { ValidationFailedError } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from 'libphonenumber-js/max';
import { parsePhoneNumber } from './phone-number.js';
import { PhoneConfig } from './phone.config.js';
import { PhoneCountryNotAllowedError } from './phone.errors.js';

/** Reads the phone numbers of requests. */
@Injectable()
export class PhoneNumberService {
  constructor(private readonly config: PhoneConfig) {}

  /**
   * @throws ValidationFailedError when it is no phone number
   * @throws PhoneCountryNotAllowedError
   */
  read(text: string): PhoneNumber {
    const phone = this.parse(text);
    if (phone === null) {
      throw new ValidationFailedError([
        { pointer: '/phone', detail: 'must be a phone number, best with + and country code' },
      ]);
    }
    if (!this.isAllowed(phone)) throw new PhoneCountryNotAllowedError();
    return phone;
  }

  /** Whatever country it is of; null when it is no phone number. */
  parse(text: string): PhoneNumber | null {
    return parsePhoneNumber(text, this.config.PHONE_DEFAULT_REGION);
  }

  private isAllowed(phone: PhoneNumber): boolean {
    const allowed = this.config.PHONE_ALLOWED_COUNTRIES;
    if (allowed === undefined) return true;
    // Numbers of no assigned block have no country of their own, only those that share the country code.
    const countries = phone.country === undefined ? phone.getPossibleCountries() : [phone.country];
    return countries.some((country) => allowed.includes(country));
  }
}
