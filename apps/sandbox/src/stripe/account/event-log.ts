import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { previousAttributes } from '../wire/difference.js';
import { stripeId } from './ids.js';
import type { Cause, EventRecord, WireObject } from './records.js';
import { StripeState } from './stripe-state.js';
import { TestClock } from './test-clock.js';

const nobody: Cause = { id: null, idempotencyKey: null };

/** The account's events. Each keeps the object as it was at that moment, and listeners hear of it at once. */
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

  /** Names the request that everything done in `work` is due to. */
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
      cause: this.causes.getStore() ?? nobody,
    };
    this.state.events.set(event.id, event);
    for (const listener of this.listeners) listener(event);
    return event;
  }

  /** Changes something and tells of it with the former values, unless nothing became different. */
  change<T>(type: string, look: () => WireObject, mutate: () => T): T {
    const before = structuredClone(look());
    const result = mutate();
    const after = look();
    const previous = previousAttributes(before, after);
    if (previous !== null) this.append(type, after, previous);
    return result;
  }
}
