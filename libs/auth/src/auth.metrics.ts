import { Metrics } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { OtpDeliveryConfig } from './otp/otp-delivery.config.js';

/** What an operator needs to see of logins: what codes cost, how often codes are tried, stolen tokens. */
@Injectable()
export class AuthMetrics {
  private readonly deliveries: Counter<'outcome'>;
  private readonly refusedSends: Counter<'policy'>;
  private readonly verifications: Counter<'outcome'>;
  private readonly cost: Counter | null;
  private readonly logins: Counter<'outcome'>;
  private readonly reused: Counter;
  private readonly repeated: Counter;

  constructor(
    metrics: Metrics,
    private readonly delivery: OtpDeliveryConfig,
  ) {
    const registers = [metrics];
    this.deliveries = new Counter({
      name: 'otp_deliveries_total',
      help: 'Messages with a code, by whether they could be handed over.',
      labelNames: ['outcome'],
      registers,
    });
    this.refusedSends = new Counter({
      name: 'otp_sends_refused_total',
      help: 'Codes that were asked for and not sent, by the limit that was reached.',
      labelNames: ['policy'],
      registers,
    });
    this.verifications = new Counter({
      name: 'otp_verifications_total',
      help: 'Codes that were tried, by whether they were right.',
      labelNames: ['outcome'],
      registers,
    });
    this.cost =
      delivery.OTP_MESSAGE_COST_USD === undefined
        ? null
        : new Counter({
            name: 'otp_cost_usd_total',
            help: 'What messages with codes have cost in US dollars, at OTP_MESSAGE_COST_USD each.',
            registers,
          });
    this.logins = new Counter({
      name: 'logins_total',
      help: 'Logins by their outcome: succeeded, refused.',
      labelNames: ['outcome'],
      registers,
    });
    this.reused = new Counter({
      name: 'refresh_tokens_reused_total',
      help: 'Sessions that were ended because an old refresh token came back.',
      registers,
    });
    this.repeated = new Counter({
      name: 'refresh_tokens_repeated_total',
      help: 'Refreshes that were repeated within the grace: a lost answer, or a stolen token.',
      registers,
    });
  }

  deliveryEnded(delivered: boolean): void {
    this.deliveries.inc({ outcome: delivered ? 'delivered' : 'failed' });
    if (delivered) this.cost?.inc(this.delivery.OTP_MESSAGE_COST_USD);
  }

  /** @param policy the public name of the limit */
  sendRefused(policy: string): void {
    this.refusedSends.inc({ policy });
  }

  codeTried(right: boolean): void {
    this.verifications.inc({ outcome: right ? 'right' : 'wrong' });
  }

  loginEnded(outcome: 'succeeded' | 'refused'): void {
    this.logins.inc({ outcome });
  }

  refreshTokenReused(): void {
    this.reused.inc();
  }

  refreshRepeated(): void {
    this.repeated.inc();
  }
}
