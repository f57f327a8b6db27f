import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LimitsRedisClient, tracedStep } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { OtpDeliveryConfig } from './otp-delivery.config.js';
import { otpKey } from './otp-hash.service.js';
import { type OtpMessage, OtpRejectedError, OtpSender } from './otp-sender.port.js';

const RECENT = otpKey('deliveries');
const REMEMBERED_DELIVERIES = 32;
const ATTEMPTS = 2;
const RETRY_PAUSE_MS = 200;

/** What a client can notice of a delivery. */
interface Outcome {
  delivered: boolean;
  ms: number;
}

/**
 * Hands messages to the sender. Neither the duration nor the failure of a delivery may reveal which numbers get a
 * message: for the others a recent delivery is imitated.
 */
@Injectable()
export class OtpDeliveryService {
  private readonly logger = new Logger(OtpDeliveryService.name);

  constructor(
    private readonly sender: OtpSender,
    private readonly redis: LimitsRedisClient,
    private readonly config: OtpDeliveryConfig,
  ) {}

  /** Whether the message was handed over; one failed attempt is repeated once. */
  async deliver(message: OtpMessage): Promise<boolean> {
    const begun = performance.now();
    const delivered = await this.attempt(message);
    await this.remember({ delivered, ms: Math.round(performance.now() - begun) });
    return delivered;
  }

  /** Takes as long as a delivery and fails when deliveries fail, without a message. */
  async imitate(): Promise<boolean> {
    const recent = (await this.redis.lrange(RECENT, 0, -1)).map((entry) => JSON.parse(entry) as Outcome);
    const delivered = recent[0]?.delivered ?? true;
    const alike = recent.filter((outcome) => outcome.delivered === delivered);
    if (alike.length > 0) await sleep(alike[randomInt(alike.length)]!.ms);
    return delivered;
  }

  private async attempt(message: OtpMessage): Promise<boolean> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const attributes = { 'app.otp.delivery': this.config.OTP_DELIVERY, 'app.otp.attempt': attempt };
      try {
        const signal = AbortSignal.timeout(this.config.OTP_DELIVERY_TIMEOUT_MS);
        await tracedStep('otp deliver', { kind: SpanKind.CLIENT, attributes }, () => this.sender.send(message, signal));
        return true;
      } catch (error) {
        this.logger.warn(`A code could not be handed over (attempt ${attempt}): ${reason(error)}`);
        if (error instanceof OtpRejectedError) return false;
        if (attempt < ATTEMPTS) await sleep(RETRY_PAUSE_MS);
      }
    }
    return false;
  }

  private async remember(outcome: Outcome): Promise<void> {
    await this.redis.eval(REMEMBER, 1, RECENT, JSON.stringify(outcome), REMEMBERED_DELIVERIES - 1);
  }
}

const REMEMBER = `
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2])`;

/** A failed fetch says why only in its cause. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
