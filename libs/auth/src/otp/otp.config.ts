import { IsOptional } from 'class-validator';
import { IntegerVariable, SecretVariable } from '@app/platform';

const MAX = 1_000_000_000;

/** One-time codes: how long they live, and how many may be sent and guessed. */
export class OtpConfig {
  /** What the keys of the hashes of codes, numbers and addresses are derived from. Without it: JWT_SECRET. */
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  OTP_SECRET?: string;

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

  /** Codes a day to one number, logins or not. Default: 100, and 10,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_PHONE_DAY?: number;

  /** Codes an hour asked for by one address (IPv6: one /64). Default: 100, and 10,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_ADDRESS_HOUR?: number;

  /** Codes an hour to one country code. Default: 1,000, and 100,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_COUNTRY_HOUR?: number;

  /** Codes an hour altogether. Default: 5,000, and 100,000 where messages cost nothing. */
  @IsOptional()
  @IntegerVariable(1, MAX)
  OTP_SENDS_PER_HOUR?: number;

  /** Answers about a number come in multiples of so many milliseconds, so that their time doesn't tell known numbers from unknown. */
  @IntegerVariable(0, 5_000)
  OTP_ANSWER_STEP_MS = 50;
}
