import { IsIn, IsNotIn, IsOptional, IsString, Matches, MinLength, ValidateIf } from 'class-validator';
import { AmountVariable, EndpointVariable, IntegerVariable, PRODUCTION, SecretVariable } from '@app/platform';

const WAYS = ['response', 'log', 'webhook', 'twilio'] as const;
const REACHES_PHONES = '$property must be webhook or twilio in production: response and log show codes to others';

const byWebhook = ({ OTP_DELIVERY }: OtpDeliveryConfig): boolean => OTP_DELIVERY === 'webhook';
const byTwilio = ({ OTP_DELIVERY }: OtpDeliveryConfig): boolean => OTP_DELIVERY === 'twilio';

/** How codes reach phones. */
export class OtpDeliveryConfig {
  /** `response`: in the API's answer; `log`: in the log (both for development only); `webhook`; `twilio`. */
  @IsIn(WAYS)
  @IsNotIn(['response', 'log'], { groups: [PRODUCTION], message: REACHES_PHONES })
  OTP_DELIVERY: (typeof WAYS)[number] = 'log';

  /** Milliseconds that one attempt to hand a message over may take; there are two. */
  @IntegerVariable(100, 30_000)
  OTP_DELIVERY_TIMEOUT_MS = 5_000;

  /** US dollars that one message costs, for the metric `otp_cost_usd_total`. Blank: there is no such metric. */
  @IsOptional()
  @AmountVariable(100)
  OTP_MESSAGE_COST_USD?: number;

  /** With `webhook`: where messages are posted. */
  @ValidateIf(byWebhook)
  @EndpointVariable()
  OTP_WEBHOOK_URL?: string;

  /** With `webhook`: what they are signed with, base64 with or without `whsec_` (Standard Webhooks). */
  @ValidateIf(byWebhook)
  @SecretVariable()
  @Matches(/^(whsec_)?[A-Za-z0-9+/]{24,}={0,2}$/, { message: '$property must be base64 of at least 18 bytes' })
  OTP_WEBHOOK_SECRET?: string;

  /** With `twilio`. */
  @ValidateIf(byTwilio)
  @Matches(/^AC\w+$/)
  TWILIO_ACCOUNT_SID?: string;

  /** With `twilio`. */
  @ValidateIf(byTwilio)
  @SecretVariable()
  TWILIO_AUTH_TOKEN?: string;

  /** With `twilio`: a number (E.164), a sender id, or a messaging service (`MG...`). */
  @ValidateIf(byTwilio)
  @IsString()
  @MinLength(1)
  TWILIO_FROM?: string;

  /** With `twilio`: another address than the real one, for tests. */
  @EndpointVariable()
  TWILIO_API_BASE_URL = 'https://api.twilio.com';
}
