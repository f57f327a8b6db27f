import { IsOptional } from 'class-validator';
import { IntegerVariable, RequiredInProduction, SecretVariable } from '@app/platform';

const MAX = 1_000_000_000;

/** One-time codes: how long they live, and how many may be sent and guessed. */
export class OtpConfig {
  /** What the keys of the hashes of codes, numbers and addresses are derived from. Required in production; elsewhere without it: JWT_SECRET. */
  @RequiredInProduction()
  @SecretVariable({ minLength: 32 })
  OTP_SECRET?: string;

  /** The first step of a rotation (docs/secrets.md): the secret that OTP_SECRET is going to be. What other replicas store by it is found. */
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  OTP_SECRET_NEXT?: string;

  /** The second step: what OTP_SECRET was. What is stored by it is found. */
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  OTP_SECRET_PREVIOUS?: string;

  /** How long a code is good, in seconds. */
  @IntegerVariable(1, 3_600)
  OTP_SECONDS = 300;

  /** Codes that may be tried on one challenge. */
  @IntegerVariable(1, 100)
  OTP_ATTEMPTS = 5;

  /** Wrong codes in OTP_FAILURE_SECONDS on the challenges that one address asked for one number. */
  @IntegerVariable(1, MAX)
  OTP_FAILURES = 10;

  /** The window of OTP_FAILURES, in seconds. */
  @IntegerVariable(1, 604_800)
  OTP_FAILURE_SECONDS = 3_600;

  /** Seconds until the same address may ask for the same number again; doubles with every further time. */
  @IntegerVariable(0, 3_600)
  OTP_RESEND_SECONDS = 10;

  /** Codes a day that one address may ask for one number. A login starts the count anew. */
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_PHONE_AND_ADDRESS_DAY = 10;

  /** Codes a day that all addresses which never logged in with a number may together ask for it. */
  @IntegerVariable(1, MAX)
  OTP_SENDS_BY_UNKNOWN_ADDRESSES_DAY = 30;

  /** Beyond that: codes an hour for one number, for addresses that haven't asked for it on this day; one for each /24 of IPv4 or /48 of IPv6. */
  @IntegerVariable(0, MAX)
  OTP_SENDS_BY_NEW_ADDRESSES_HOUR = 2;

  /** Codes a day to one number, logins or not. Default: 100, and 10,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_PHONE_DAY?: number;

  /** Codes an hour asked for by one address (IPv6: one /64); twice as many by a /56, four times by a /24 of IPv4 or a /48. Default: 100, and 10,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_ADDRESS_HOUR?: number;

  /** Messages an hour to one country code; the last fifth is for numbers that none was asked for on the same day. Default: 1,000, and 100,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_COUNTRY_HOUR?: number;

  /** Messages an hour altogether, likewise. Default: 5,000, and 100,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_HOUR?: number;

  /** Messages a day altogether, likewise, and also for addresses that have logged in before. Required in production. Without it: no such limit. */
  @RequiredInProduction()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_DAY?: number;

  /** Answers about a number come in multiples of so many milliseconds, so that their time doesn't tell known numbers from unknown. */
  @IntegerVariable(0, 5_000)
  OTP_ANSWER_STEP_MS = 50;
}
