import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import { RequiredInProduction } from '@app/platform';
import { type CountryCode, getCountries } from 'libphonenumber-js/max';

/** Which phone numbers may log in. */
export class PhoneConfig {
  /** The country (ISO 3166-1 alpha-2) in which a number without country code is dialled. Without it such a number is refused. */
  @IsOptional()
  @IsIn(getCountries())
  PHONE_DEFAULT_REGION?: CountryCode;

  /** The countries (ISO 3166-1 alpha-2, separated by commas) whose numbers get codes. Required in production. Without it: all. */
  @RequiredInProduction()
  @Transform(({ value }) =>
    String(value)
      .split(',')
      .map((country) => country.trim().toUpperCase()),
  )
  @IsIn(getCountries(), { each: true })
  PHONE_ALLOWED_COUNTRIES?: CountryCode[];
}
