import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EventLog } from '../account/event-log.js';
import { stripeId } from '../account/ids.js';
import type { EventRecord } from '../account/records.js';
import { known, StripeState } from '../account/stripe-state.js';
import { wireEvent, wireThinEvent } from '../wire/event.wire.js';
import { type Delivery, type DeliveryPolicy, type Endpoint, hasArrived, isPending, normalPolicy } from './delivery.js';
import { Lanes } from './lanes.js';
import { matchesType } from './matches-type.js';
import { WebhookSender } from './webhook-sender.js';

const LONGEST_PAUSE_MS = 60_000;
const PARALLEL_SENDS = 32;

/** Brings events to endpoints: as Stripe does, or as badly as a test asks for. */
@Injectable()
export class DeliveryDesk implements OnModuleDestroy {
  private readonly deliveries = new Map<string, Delivery>();
  private readonly byEvent = new Map<string, Delivery[]>();
  private readonly lanes = new Lanes(PARALLEL_SENDS);
  private endpoints = new Map<string, Endpoint>();
  private policy = normalPolicy;
  /** Ends what is waiting or being sent when everything is reset. */
  private era = newEra();

  constructor(
    events: EventLog,
    private readonly state: StripeState,
    private readonly sender: WebhookSender,
  ) {
    events.onEvent((event) => this.accept(event));
  }

  onModuleDestroy(): void {
    this.era.abort();
  }

  reset(endpoints: Omit<Endpoint, 'id'>[]): void {
    this.era.abort();
    this.era = newEra();
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

  find(id: string): Delivery | undefined {
    return this.deliveries.get(id);
  }

  ofEvent(event: string): Delivery[] {
    return this.byEvent.get(event) ?? [];
  }

  /** How many endpoints haven't taken the event, as far as Stripe knows. */
  pendingOf(event: string): number {
    const pending = this.ofEvent(event).filter(isPending);
    return new Set(pending.map(({ endpoint }) => endpoint)).size;
  }

  isIdle(): boolean {
    return this.list().every(({ state }) => state !== 'scheduled' && state !== 'sending');
  }

  /** Sends it once more, whatever its state, and lets it rest afterwards. */
  async sendOnce(delivery: Delivery): Promise<void> {
    const isOnItsWay = delivery.state === 'scheduled' || delivery.state === 'sending';
    const restingState = isOnItsWay ? 'failed' : delivery.state;
    await this.attempt(delivery);
    if (!delivery.attempts.some(hasArrived)) delivery.state = restingState;
  }

  /** Never sends it (again). */
  drop(delivery: Delivery, as: 'failed' | 'acknowledged'): void {
    delivery.state = as === 'failed' ? 'dropped' : 'delivered';
    delivery.nextAttemptAt = null;
  }

  private accept(event: EventRecord): void {
    for (const endpoint of this.endpoints.values()) {
      if (!endpoint.types.some((pattern) => matchesType(pattern, event.type))) continue;
      const isSubject = this.policy.types.some((pattern) => matchesType(pattern, event.type));
      const policy = isSubject ? this.policy : normalPolicy;
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
      state: policy.hold ? 'held' : 'scheduled',
      attempts: [],
      nextAttemptAt: null,
    };
    this.deliveries.set(delivery.id, delivery);
    this.byEvent.set(event.id, [...this.ofEvent(event.id), delivery]);
    if (policy.drop) return this.drop(delivery, policy.drop);
    if (policy.hold) return;
    const [least, most] = policy.delayMs;
    void this.deliver(delivery, least + Math.random() * (most - least), this.era.signal);
  }

  /** Tries until it arrives, with growing pauses, or is given up. */
  private async deliver(delivery: Delivery, delayMs: number, era: AbortSignal): Promise<void> {
    const { deliveryAttempts, deliveryBackoffMs } = this.state.settings;
    let pause = delayMs;
    for (let tried = 0; tried < deliveryAttempts; tried += 1) {
      if (!(await this.wait(delivery, pause, era))) return;
      await this.lanes.take(async () => {
        if (delivery.state === 'scheduled') await this.attempt(delivery);
      });
      if (era.aborted || delivery.state !== 'sending') return;
      delivery.state = 'scheduled';
      pause = Math.min(deliveryBackoffMs * 2 ** tried, LONGEST_PAUSE_MS);
    }
    delivery.state = 'failed';
  }

  /** @returns false when there is no need to go on: it was dropped or released meanwhile, or everything was reset */
  private async wait(delivery: Delivery, pauseMs: number, era: AbortSignal): Promise<boolean> {
    if (pauseMs > 0) {
      delivery.nextAttemptAt = new Date(Date.now() + pauseMs).toISOString();
      await sleep(pauseMs, undefined, { signal: era, ref: false }).catch(() => undefined);
      delivery.nextAttemptAt = null;
    }
    return !era.aborted && delivery.state === 'scheduled';
  }

  private async attempt(delivery: Delivery): Promise<void> {
    delivery.state = 'sending';
    const endpoint = this.endpoints.get(delivery.endpoint);
    const attempt = endpoint
      ? await this.sender.send(endpoint, this.bodyOf(delivery), this.state.settings.deliveryTimeoutMs)
      : { at: new Date().toISOString(), status: null, error: 'endpoint removed' };
    delivery.attempts.push(attempt);
    if (delivery.attempts.some(hasArrived)) delivery.state = 'delivered';
  }

  /** Indented, as Stripe sends it: whoever parses and prints it again gets other bytes. */
  private bodyOf({ event: id, payload }: Delivery): string {
    const event = known(this.state.events, id);
    return JSON.stringify(payload === 'thin' ? wireThinEvent(event) : wireEvent(event, this.pendingOf(id)), null, 2);
  }
}

function newEra(): AbortController {
  const era = new AbortController();
  setMaxListeners(0, era.signal); // one for each delivery that waits
  return era;
}
