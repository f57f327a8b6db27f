import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../clock/clock.port.js';
import type { BoundStatement } from '../database/prepared-statement.js';
import { uuidv7 } from '../ids/uuid.js';
import { inBatches } from '../page/in-batches.js';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { RequestContext } from '../request/request-context.js';
import type { AuditEntry, AuditEvent } from './audit-event.js';
import { type AuditEventRow, AuditEventStore } from './audit-event.store.js';

const FLUSH_MS = 1_000;

/** Events that wait to be stored. With more, the newest are in the log only. */
const QUEUE_LIMIT = 2_000;
const BATCH_SIZE = 500;

/** Of refusals of one kind, to one user or address, the first of each hour is traced; of different ones this many in an hour. */
const REFUSALS_HOUR_MS = 3_600_000;
const REFUSALS_LIMIT = 500;

/**
 * Who did what, and when: in the table `audit_event` and in the log. What changes something is stored before it is answered
 * (`write`), or in the transaction that changes it (`statement`); what does not is stored within a second (`record`),
 * so that it slows no request, and the last second of a killed process is in its log only.
 */
@Injectable()
export class AuditTrail implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private readonly flushes = new PeriodicTask({
    name: 'Storing the audit trail',
    intervalMs: FLUSH_MS,
    run: () => this.flush(),
  });
  private queue: AuditEntry[] = [];
  /** What was refused to whom → until when it isn't traced again, oldest first. */
  private readonly refusals = new Map<string, number>();

  constructor(
    private readonly store: AuditEventStore,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.flushes.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.flushes.stop();
    await this.flush().catch((error: unknown) => this.logger.warn(`Events were not stored: ${messageOf(error)}`));
  }

  /** Stores an event before it returns. If that fails, the event is stored later: the deed is done. */
  async write(event: AuditEvent): Promise<void> {
    const entry = this.log(event);
    try {
      await this.store.insert([entry]);
    } catch (error) {
      this.logger.warn(`An event is stored later: ${messageOf(error)}`);
      this.enqueue(entry);
    }
  }

  /** A statement that stores an event, for the transaction in which it happens. */
  statement(event: AuditEvent): BoundStatement {
    return this.store.insertion(this.log(event));
  }

  /** Stores an event soon. */
  record(event: AuditEvent): void {
    this.enqueue(this.log(event));
  }

  /**
   * Stores a refusal soon, unless the same was refused to the same caller within the hour: a flood of refused requests makes
   * neither a flood of rows nor of lines.
   *
   * @param event what tells it from other refusals to the same caller is in its action and detail
   */
  recordRefusal(event: AuditEvent): void {
    const now = this.clock.now().getTime();
    const key = JSON.stringify([event.action, event.detail, event.userId ?? RequestContext.addressHash]);
    this.forgetRefusals(now);
    if (this.refusals.has(key) || this.refusals.size >= REFUSALS_LIMIT) return;
    this.refusals.set(key, now + REFUSALS_HOUR_MS);
    this.record(event);
  }

  /** All events of a user, oldest first, read while they are taken. */
  eventsOf(userId: string): AsyncIterable<AuditEventRow> {
    return inBatches(
      (after: string | null) => this.store.eventsAfter(userId, after, BATCH_SIZE),
      ({ id }) => id,
    );
  }

  private forgetRefusals(now: number): void {
    for (const [key, until] of this.refusals) {
      if (until > now) return;
      this.refusals.delete(key);
    }
  }

  private log(event: AuditEvent): AuditEntry {
    const { requestId, addressHash } = RequestContext;
    const entry: AuditEntry = {
      ...event,
      id: uuidv7(),
      at: this.clock.now().toISOString(),
      ...(requestId === undefined ? {} : { requestId }),
      ...(addressHash === undefined ? {} : { addressHash }),
    };
    this.logger.log(entry);
    return entry;
  }

  private enqueue(entry: AuditEntry): void {
    if (this.queue.length < QUEUE_LIMIT) this.queue.push(entry);
  }

  /** Stores what waits, in batches; what could not be stored goes on waiting. */
  private async flush(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, BATCH_SIZE);
      await this.store.insert(batch);
      this.queue = this.queue.slice(batch.length);
    }
  }
}

const messageOf = (error: unknown): string => (error as Error).message;
