import { DomainError } from '@app/platform';

/** Codes are not sent to the country of this phone number. */
export class PhoneCountryNotAllowedError extends DomainError {
  constructor() {
    super('phone_country_not_allowed', 'unprocessable', 'Phone numbers of this country cannot be used.');
  }
}
