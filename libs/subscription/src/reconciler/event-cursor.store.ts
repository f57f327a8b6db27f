import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';

// The first reading begins a day back, for what happened before the first worker ran. The lease only saves calls to Stripe:
// two readers at a time do no harm, so it has no fencing token, and is short, so that a dead reader is soon replaced.
const CLAIM = prepared<{ readUntil: Date }>(
  'billing_claim_cursor',
  `
    INSERT INTO stripe_event_cursor AS cursor (id, read_until, lease_until)
    VALUES (1, now() - interval '1 day', now() + interval '15 seconds')
    ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until
      WHERE cursor.lease_until IS NULL OR cursor.lease_until <= now()
    RETURNING read_until AS "readUntil"`,
);

const EXTEND = prepared(
  'billing_extend_cursor',
  "UPDATE stripe_event_cursor SET lease_until = now() + interval '15 seconds'",
);

// Statements, since each worker runs them after its start: through Prisma they would load its query compiler for this alone
// (docs/adr/0028).
const MOVE = prepared('billing_move_cursor', 'UPDATE stripe_event_cursor SET read_until = $1');

const RELEASE = prepared('billing_release_cursor', 'UPDATE stripe_event_cursor SET lease_until = NULL');

/** How far Stripe's list of events was read, and the lease of the worker that reads on. */
@Injectable()
export class EventCursorStore {
  constructor(private readonly database: Database) {}

  /**
   * Claims the lease.
   *
   * @returns until when the list was read; null when another worker holds the lease
   */
  async claim(): Promise<Date | null> {
    const [cursor] = await this.database.run(CLAIM, []);
    return cursor?.readUntil ?? null;
  }

  /** Extends the lease while the reading goes on. */
  async extend(): Promise<void> {
    await this.database.run(EXTEND, []);
  }

  /** The list was read until this. */
  async moveTo(readUntil: Date): Promise<void> {
    await this.database.run(MOVE, [readUntil]);
  }

  /** Releases the lease. */
  async release(): Promise<void> {
    await this.database.run(RELEASE, []);
  }
}
