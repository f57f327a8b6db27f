import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EventLog } from '../account/event-log.js';
import { stripeId } from '../account/ids.js';
import type { EventRecord } from '../account/records.js';
import { known, StripeState } from '../account/stripe-state.js';
import { wireEvent, wireThinEvent } from '../wire/event.wire.js';
import {
  type Delivery,
  type DeliveryPolicy,
  type DeliveryState,
  type Endpoint,
  isAccepted,
  isPending,
  normalPolicy,
} from './delivery.js';
import { Semaphore } from './semaphore.js';
import { matchesType } from './matches-type.js';
import { WebhookSender } from './webhook-sender.js';

const MAX_PAUSE_MS = 60_000;
const PARALLEL_SENDS = 32;

/** Delivers events to endpoints as Stripe does, or with the failures that the policy asks for. */
@Injectable()
export class WebhookDeliveries implements OnModuleDestroy {
  private readonly deliveries = new Map<string, Delivery>();
  private readonly byEvent = new Map<string, Delivery[]>();
  private readonly sending = new Semaphore(PARALLEL_SENDS);
  private endpoints = new Map<string, Endpoint>();
  private policy = normalPolicy;
  /** Aborted by the next reset, which ends all deliveries in progress. */
  private untilReset = newResetController();

  constructor(
    events: EventLog,
    private readonly state: StripeState,
    private readonly sender: WebhookSender,
  ) {
    events.onEvent((event) => this.accept(event));
  }

  onModuleDestroy(): void {
    this.untilReset.abort();
  }

  reset(endpoints: Omit<Endpoint, 'id'>[]): void {
    this.untilReset.abort();
    this.untilReset = newResetController();
    this.deliveries.clear();
    this.byEvent.clear();
    this.policy = normalPolicy;
    this.setEndpoints(endpoints);
  }

  setEndpoints(endpoints: Omit<Endpoint, 'id'>[]): void {
    const named = endpoints.map((endpoint) => ({ ...endpoint, id: stripeId('we') }));
    this.endpoints = new Map(named.map((endpoint) => [endpoint.id, endpoint]));
  }

  listEndpoints(): Endpoint[] {
    return [...this.endpoints.values()];
  }

  setPolicy(policy: DeliveryPolicy): void {
    this.policy = policy;
  }

  list(): Delivery[] {
    return [...this.deliveries.values()];
  }

  find(id: string): Delivery | null {
    return this.deliveries.get(id) ?? null;
  }

  /** The number of endpoints that have not accepted the event, as far as Stripe knows. */
  pendingOf(event: string): number {
    const pending = (this.byEvent.get(event) ?? []).filter(isPending);
    return new Set(pending.map(({ endpoint }) => endpoint)).size;
  }

  isIdle(): boolean {
    return this.list().every(({ state }) => state !== 'scheduled' && state !== 'sending');
  }

  /** Sends it once more, whatever its state, without retries. */
  async sendOnce(delivery: Delivery): Promise<void> {
    const wasInProgress = delivery.state === 'scheduled' || delivery.state === 'sending';
    const stateAfterFailure = wasInProgress ? 'failed' : delivery.state;
    await this.attempt(delivery);
    if (!delivery.attempts.some(isAccepted)) delivery.state = stateAfterFailure;
  }

  private accept(event: EventRecord): void {
    for (const endpoint of this.endpoints.values()) {
      if (!endpoint.types.some((pattern) => matchesType(pattern, event.type))) continue;
      const hasPolicy = this.policy.types.some((pattern) => matchesType(pattern, event.type));
      const policy = hasPolicy ? this.policy : normalPolicy;
      for (let copy = 0; copy < policy.copies; copy += 1) this.enqueue(event, endpoint, policy);
    }
  }

  private enqueue(event: EventRecord, endpoint: Endpoint, policy: DeliveryPolicy): void {
    const delivery: Delivery = {
      id: stripeId('dlv', 16),
      event: event.id,
      type: event.type,
      endpoint: endpoint.id,
      payload: endpoint.payload,
      state: stateUnder(policy),
      attempts: [],
      nextAttemptAt: null,
    };
    this.deliveries.set(delivery.id, delivery);
    this.byEvent.set(event.id, [...(this.byEvent.get(event.id) ?? []), delivery]);
    if (delivery.state !== 'scheduled') return;
    const [least, most] = policy.delayMs;
    void this.deliver(delivery, least + Math.random() * (most - least), this.untilReset.signal);
  }

  /** Sends it until it is accepted, with growing pauses, up to the configured number of attempts. */
  private async deliver(delivery: Delivery, delayMs: number, reset: AbortSignal): Promise<void> {
    const { deliveryAttempts, deliveryBackoffMs } = this.state.settings;
    let pause = delayMs;
    for (let tried = 0; tried < deliveryAttempts; tried += 1) {
      if (!(await this.wait(delivery, pause, reset))) return;
      await this.sending.run(async () => {
        if (delivery.state === 'scheduled') await this.attempt(delivery);
      });
      if (reset.aborted || delivery.state !== 'sending') return;
      delivery.state = 'scheduled';
      pause = Math.min(deliveryBackoffMs * 2 ** tried, MAX_PAUSE_MS);
    }
    delivery.state = 'failed';
  }

  /** @returns false when it was released meanwhile, or everything was reset */
  private async wait(delivery: Delivery, pauseMs: number, reset: AbortSignal): Promise<boolean> {
    if (pauseMs > 0) {
      delivery.nextAttemptAt = new Date(Date.now() + pauseMs).toISOString();
      await sleep(pauseMs, undefined, { signal: reset, ref: false }).catch(() => undefined);
      delivery.nextAttemptAt = null;
    }
    return !reset.aborted && delivery.state === 'scheduled';
  }

  private async attempt(delivery: Delivery): Promise<void> {
    delivery.state = 'sending';
    const endpoint = this.endpoints.get(delivery.endpoint);
    const attempt = endpoint
      ? await this.sender.send(endpoint, this.bodyOf(delivery), this.state.settings.deliveryTimeoutMs)
      : { at: new Date().toISOString(), status: null, error: 'endpoint removed' };
    delivery.attempts.push(attempt);
    if (delivery.attempts.some(isAccepted)) delivery.state = 'delivered';
  }

  /** Indented as Stripe's, so that a receiver that parses and serializes it again gets other bytes than those that are signed. */
  private bodyOf({ event: id, payload }: Delivery): string {
    const event = known(this.state.events, id);
    return JSON.stringify(payload === 'thin' ? wireThinEvent(event) : wireEvent(event, this.pendingOf(id)), null, 2);
  }
}

function stateUnder({ drop, hold }: DeliveryPolicy): DeliveryState {
  if (drop !== null) return drop === 'failed' ? 'dropped' : 'delivered';
  return hold ? 'held' : 'scheduled';
}

function newResetController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // one for each delivery that waits
  return controller;
}
