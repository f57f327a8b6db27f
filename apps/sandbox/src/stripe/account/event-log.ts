import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { previousAttributes } from '../wire/difference.js';
import { stripeId } from './ids.js';
import type { Cause, EventRecord, WireObject } from './records.js';
import { StripeState } from './stripe-state.js';
import { TestClock } from './test-clock.js';

const noRequest: Cause = { id: null, idempotencyKey: null };

/** The account's events. Each holds a copy of its object, and listeners are called synchronously. */
@Injectable()
export class EventLog {
  private readonly listeners: ((event: EventRecord) => void)[] = [];
  private readonly causes = new AsyncLocalStorage<Cause>();

  constructor(
    private readonly state: StripeState,
    private readonly clock: TestClock,
  ) {}

  onEvent(listener: (event: EventRecord) => void): void {
    this.listeners.push(listener);
  }

  /** Records the request as the cause of every event that `work` appends. */
  causedBy<T>(cause: Cause, work: () => T): T {
    return this.causes.run(cause, work);
  }

  append(type: string, object: WireObject, previous: WireObject | null = null): EventRecord {
    const event: EventRecord = {
      id: stripeId('evt'),
      thinId: stripeId('evt_test', 40),
      type,
      created: this.clock.now(),
      object: structuredClone(object),
      previous,
      cause: this.causes.getStore() ?? noRequest,
    };
    this.state.events.set(event.id, event);
    for (const listener of this.listeners) listener(event);
    return event;
  }

  /** Makes a change, and appends an event with the former values if the object differs afterwards. */
  change<T>(type: string, toWire: () => WireObject, mutate: () => T): T {
    const before = structuredClone(toWire());
    const result = mutate();
    const after = toWire();
    const previous = previousAttributes(before, after);
    if (previous !== null) this.append(type, after, previous);
    return result;
  }
}
