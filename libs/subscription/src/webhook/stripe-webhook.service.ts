import { Clock } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { EventIntakeService } from '../jobs/event-intake.service.js';
import { PaymentGateway } from '../stripe/payment-gateway.port.js';
import { WebhookConfig } from './webhook.config.js';

/** Receives events from Stripe: once they are stored here, Stripe need not deliver them again. */
@Injectable()
export class StripeWebhookService {
  constructor(
    private readonly gateway: PaymentGateway,
    private readonly intake: EventIntakeService,
    private readonly clock: Clock,
    private readonly config: WebhookConfig,
  ) {}

  /**
   * Stores the event if it is new, and enqueues it. Only that something happened is taken from an event, not what it
   * says, so it may come late, twice, or out of order.
   *
   * @param payload the body's exact bytes
   * @throws InvalidSignatureError, InvalidEventError
   */
  async receive(payload: Buffer, signature: string | undefined): Promise<void> {
    const secrets = this.config.STRIPE_WEBHOOK_SECRET ?? [];
    const event = this.gateway.readWebhook(payload, signature, secrets, this.clock.now());
    await this.intake.take('webhook', [event]);
  }
}
