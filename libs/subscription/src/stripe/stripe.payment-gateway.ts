import type { Agent } from 'node:http';
import { keepAliveAgent, Metrics, tracedStep, withTimeout } from '@app/platform';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { Histogram } from 'prom-client';
import Stripe from 'stripe';
import type { StripeSubscription } from '../plan/entitlement.js';
import {
  IdempotencyKeySpentError,
  InvalidSignatureError,
  PaymentProviderUnavailableError,
  RequestRefusedError,
  ReturnUrlRefusedError,
  UnknownCustomerError,
} from './payment-gateway.errors.js';
import {
  type CheckoutOrder,
  type CheckoutSession,
  type ListedPaymentEvent,
  PaymentGateway,
  type PaymentEvent,
} from './payment-gateway.port.js';
import { ANNOUNCING_TYPES } from './plan-events.js';
import { StripeConfig } from './stripe.config.js';
import { parseStripeEvent, parseStripePayload } from './stripe-event.js';

/** The version whose shapes this file reads; raising it is a change of code. */
const API_VERSION = '2026-10-28.endive';
/** One attempt's time, in milliseconds. With the one repetition and its pause a call ends within 13 seconds. */
const ATTEMPT_TIMEOUT_MS = 6_000;
/** A whole call's time, in milliseconds: the SDK's own limits silence only, not an answer that comes byte by byte. */
const CALL_TIMEOUT_MS = 15_000;
/** How far a signature's time may be from ours, in seconds, on either side: what Stripe's own libraries allow the past. */
const SIGNATURE_TOLERANCE_S = 300;
/** Requests are rare, and their server may close idle connections after little more than a minute. */
const KEPT_CONNECTIONS = { maxIdle: 10, idleMs: 60_000 };
/** More subscriptions than one customer will ever have. */
const MAX_SUBSCRIPTIONS = 500;

/** Stripe, by its own SDK. The only importer of it. */
@Injectable()
export class StripePaymentGateway extends PaymentGateway implements OnApplicationShutdown {
  private readonly logger = new Logger('Stripe');
  private readonly client: Stripe | undefined;
  private readonly agent: Agent;
  private readonly seconds: Histogram<'operation' | 'outcome'>;

  constructor(config: StripeConfig, metrics: Metrics) {
    super();
    const { STRIPE_SECRET_KEY: key, STRIPE_API_BASE_URL: baseUrl } = config;
    const at = baseUrl === undefined ? null : new URL(baseUrl);
    this.agent = keepAliveAgent(at?.protocol ?? 'https:', KEPT_CONNECTIONS);
    if (key === undefined) this.logger.warn('Without STRIPE_SECRET_KEY nothing can be sold');
    else this.client = connect(key, at, this.agent);
    this.seconds = new Histogram({
      name: 'stripe_request_seconds',
      help: 'Calls to Stripe with their repetitions, by operation and outcome.',
      labelNames: ['operation', 'outcome'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
      registers: [metrics],
    });
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }

  override get isConfigured(): boolean {
    return this.client !== undefined;
  }

  override async createCustomer(userId: string, key: string): Promise<string> {
    const customer = await this.call('create_customer', (stripe) =>
      stripe.customers.create({ metadata: { userId } }, { idempotencyKey: `customer-${key}` }),
    );
    return customer.id;
  }

  override async createCheckout(order: CheckoutOrder): Promise<CheckoutSession> {
    const create = (stripe: Stripe): Promise<Stripe.Checkout.Session> =>
      stripe.checkout.sessions.create(
        {
          mode: 'subscription',
          customer: order.customerId,
          client_reference_id: order.userId,
          line_items: [{ price: order.priceId, quantity: 1 }],
          success_url: order.successUrl,
          cancel_url: order.cancelUrl,
          metadata: { userId: order.userId, checkoutKey: order.key },
          subscription_data: {
            metadata: { userId: order.userId },
            ...(order.trialDays > 0 && { trial_period_days: order.trialDays }),
          },
          ...(order.promotionCodes && { allow_promotion_codes: true }),
          // The tax depends on where the customer is: Stripe wants to store the address that the page asks for.
          ...(order.automaticTax && { automatic_tax: { enabled: true }, customer_update: { address: 'auto' } }),
        },
        { idempotencyKey: `checkout-${order.key}` },
      );
    return toCheckout(await this.ofCustomer(order.customerId, 'create_checkout', create));
  }

  override async checkout(sessionId: string): Promise<CheckoutSession | null> {
    const session = await this.unlessMissing('read_checkout', (stripe) => stripe.checkout.sessions.retrieve(sessionId));
    return session && toCheckout(session);
  }

  override async openCheckouts(customerId: string): Promise<(CheckoutSession & { key: string | null })[]> {
    const sessions = await this.ofCustomer(customerId, 'list_checkouts', (stripe) =>
      stripe.checkout.sessions.list({ customer: customerId, status: 'open', limit: 100 }),
    );
    return sessions.data.map((session) => ({ ...toCheckout(session), key: session.metadata?.['checkoutKey'] ?? null }));
  }

  override async expireCheckout(sessionId: string): Promise<CheckoutSession | null> {
    const session = await this.checkout(sessionId);
    if (session?.status !== 'open') return session;
    try {
      return toCheckout(await this.call('expire_checkout', (stripe) => stripe.checkout.sessions.expire(sessionId)));
    } catch (error) {
      // It may have been paid or run out just now, and then Stripe refuses.
      const now = await this.checkout(sessionId);
      if (now?.status === 'open') throw error;
      return now;
    }
  }

  override async createPortal(customerId: string, returnUrl: string): Promise<string> {
    const session = await this.ofCustomer(customerId, 'create_portal', (stripe) =>
      stripe.billingPortal.sessions.create({ customer: customerId, return_url: returnUrl }),
    );
    return session.url;
  }

  override async subscriptionsOf(customerId: string): Promise<StripeSubscription[]> {
    const subscriptions = await this.ofCustomer(customerId, 'list_subscriptions', (stripe) =>
      stripe.subscriptions
        .list({ customer: customerId, status: 'all', limit: 100 })
        .autoPagingToArray({ limit: MAX_SUBSCRIPTIONS }),
    );
    return subscriptions.map(toSubscription);
  }

  override async cancelSubscription(subscriptionId: string): Promise<void> {
    await this.unlessMissing('cancel_subscription', (stripe) => stripe.subscriptions.cancel(subscriptionId));
  }

  override async deleteCustomer(customerId: string): Promise<void> {
    await this.unlessMissing('delete_customer', (stripe) => stripe.customers.del(customerId));
  }

  override async customerOf(objectType: string, objectId: string): Promise<string | null> {
    const object = await this.unlessMissing(
      'read_object',
      async (stripe): Promise<{ customer: string | { id: string } | null } | null> => {
        switch (objectType) {
          case 'subscription':
            return stripe.subscriptions.retrieve(objectId);
          case 'checkout.session':
            return stripe.checkout.sessions.retrieve(objectId);
          case 'invoice':
            return stripe.invoices.retrieve(objectId);
          default:
            return null;
        }
      },
    );
    return idOf(object?.customer);
  }

  override async *events(from: Date, until: Date | null): AsyncIterable<ListedPaymentEvent> {
    const created = { gte: toSeconds(from), ...(until && { lt: toSeconds(until) }) };
    let after: string | undefined;
    do {
      const page = await this.call('list_events', (stripe) =>
        stripe.events.list({
          types: [...ANNOUNCING_TYPES],
          created,
          limit: 100,
          ...(after && { starting_after: after }),
        }),
      );
      for (const event of page.data) yield { ...parseStripeEvent(event), createdAt: toDate(event.created) };
      after = page.has_more ? page.data.at(-1)?.id : undefined;
    } while (after !== undefined);
  }

  override readWebhook(
    payload: Buffer,
    signature: string | undefined,
    secrets: readonly string[],
    now: Date,
  ): PaymentEvent {
    // A string, not bytes: of bytes the SDK would drop a byte order mark before it checks.
    const text = payload.toString('utf8');
    if (signature === undefined || !secrets.some((secret) => isSigned(text, signature, secret, now))) {
      throw new InvalidSignatureError();
    }
    return parseStripePayload(text);
  }

  /** A call about a customer who may not exist any more. */
  private async ofCustomer<T>(customerId: string, operation: string, work: (stripe: Stripe) => Promise<T>): Promise<T> {
    try {
      return await this.call(operation, work, (error) => isMissing(error, 'customer'));
    } catch (error) {
      if (!isMissing((error as Error).cause, 'customer')) throw error;
      const customer = await this.unlessMissing('read_customer', (stripe) => stripe.customers.retrieve(customerId));
      throw new UnknownCustomerError(customer?.deleted === true);
    }
  }

  /** A call about an object that may not exist any more: null then. */
  private async unlessMissing<T>(operation: string, work: (stripe: Stripe) => Promise<T>): Promise<T | null> {
    try {
      return await this.call(operation, work, isMissing);
    } catch (error) {
      if (isMissing((error as Error).cause)) return null;
      throw error;
    }
  }

  /** @param isExpected errors that are not reported to operators */
  private async call<T>(
    operation: string,
    work: (stripe: Stripe) => Promise<T>,
    isExpected: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    const { client } = this;
    if (client === undefined) throw new PaymentProviderUnavailableError();
    const stop = this.seconds.startTimer({ operation });
    try {
      const result = await tracedStep(`stripe ${operation}`, { kind: SpanKind.CLIENT }, () =>
        withTimeout(CALL_TIMEOUT_MS, work(client), failForTime),
      );
      stop({ outcome: 'ok' });
      return result;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
      stop({ outcome: error.type.replace(/^Stripe/, '') });
      if (!isExpected(error) && refusedReturnUrl(error) === null) this.report(operation, error);
      throw translate(error);
    }
  }

  private report(operation: string, error: Stripe.errors.StripeError): void {
    const what = `${operation}: ${error.type} ${error.code ?? ''} ${error.requestId ?? ''} ${error.message}`;
    if (isRefused(error)) this.logger.error(`Stripe refuses ${what}`);
    else this.logger.warn(`Stripe failed at ${what}`);
  }
}

function connect(key: string, at: URL | null, httpAgent: Agent): Stripe {
  const isPlain = at?.protocol === 'http:';
  return new Stripe(key, {
    apiVersion: API_VERSION,
    timeout: ATTEMPT_TIMEOUT_MS,
    maxNetworkRetries: 1,
    telemetry: false,
    // A request that meets a connection just closed is repeated under its idempotency key.
    httpAgent,
    ...(at && { host: at.hostname, port: at.port || (isPlain ? 80 : 443), protocol: isPlain ? 'http' : 'https' }),
  });
}

function failForTime(): never {
  throw new Stripe.errors.StripeConnectionError({
    message: `No whole answer in ${CALL_TIMEOUT_MS} ms`,
    type: 'api_error',
  });
}

/** Whether Stripe has no object of the id that was asked for, or given as this parameter. */
const isMissing = (error: unknown, param?: string): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError &&
  error.code === 'resource_missing' &&
  (param === undefined || error.param === param);

/** A wrong key, price or parameter. */
const isRefused = (error: Stripe.errors.StripeError): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError ||
  error instanceof Stripe.errors.StripeAuthenticationError ||
  error instanceof Stripe.errors.StripePermissionError;

/** Stripe keeps its own faults, but no refusals, under the idempotency key and repeats them for a day. */
const isSpent = (error: Stripe.errors.StripeError): boolean =>
  error instanceof Stripe.errors.StripeIdempotencyError || (error.statusCode ?? 0) >= 500;

/** Which address to return to Stripe refuses. Whose fault that is, its caller knows. */
const refusedReturnUrl = (error: Stripe.errors.StripeError): 'successUrl' | 'cancelUrl' | null =>
  error instanceof Stripe.errors.StripeInvalidRequestError ? (RETURN_URLS.get(error.param ?? '') ?? null) : null;

const RETURN_URLS = new Map([
  ['success_url', 'successUrl'],
  ['cancel_url', 'cancelUrl'],
] as const) as ReadonlyMap<string, 'successUrl' | 'cancelUrl'>;

function translate(cause: Stripe.errors.StripeError): PaymentProviderUnavailableError {
  const refusedUrl = refusedReturnUrl(cause);
  if (refusedUrl !== null) return new ReturnUrlRefusedError(refusedUrl, { cause });
  if (isRefused(cause)) return new RequestRefusedError({ cause });
  return isSpent(cause) ? new IdempotencyKeySpentError({ cause }) : new PaymentProviderUnavailableError({ cause });
}

function isSigned(payload: string, signature: string, secret: string, now: Date): boolean {
  try {
    Stripe.webhooks.signature?.verifyHeader(
      payload,
      signature,
      secret,
      SIGNATURE_TOLERANCE_S,
      undefined,
      now.getTime(),
    );
  } catch {
    // Not only its own error: what is no signature at all makes the comparison itself throw.
    return false;
  }
  // The SDK lets any future pass. It reads the last `t`, so that one is checked.
  const [, time] = /.*(?:^|,)t=(\d+)/.exec(signature) ?? [];
  return time !== undefined && Number(time) <= toSeconds(now) + SIGNATURE_TOLERANCE_S;
}

const CHECKOUT_STATUSES = ['open', 'complete', 'expired'] as const;

function toCheckout(session: Stripe.Checkout.Session): CheckoutSession {
  const { id, url, expires_at: expires, subscription } = session;
  const status = CHECKOUT_STATUSES.find((known) => known === session.status) ?? 'open';
  return { id, status, url, expiresAt: toDate(expires), subscriptionId: idOf(subscription) };
}

function toSubscription(subscription: Stripe.Subscription): StripeSubscription {
  const { id, status, cancel_at: cancelAt, cancel_at_period_end: cancelsAtPeriodEnd } = subscription;
  const ends = subscription.items.data.map((item) => item.current_period_end);
  const end = ends.length === 0 ? null : Math.max(...ends);
  return {
    id,
    status,
    currentPeriodEnd: end === null ? null : toDate(end),
    // In the flexible billing mode the portal sets only the date.
    cancelsAtPeriodEnd: cancelsAtPeriodEnd || (cancelAt !== null && end !== null && cancelAt <= end),
    priceIds: subscription.items.data.map(({ price }) => price.id),
  };
}

/** The id, whether Stripe gives it or the whole object in its place. */
const idOf = (reference: string | { id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);

const toDate = (seconds: number): Date => new Date(seconds * 1000);
const toSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);
