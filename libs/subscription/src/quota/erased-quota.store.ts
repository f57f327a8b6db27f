import { type BoundStatement, Clock, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { utcDay } from './daily-quota.js';

// Later days too: the clock of the replica that accepted a message may be ahead of this one's.
const KEEP = prepared(
  'quota_keep',
  `
    WITH spent AS (
      DELETE FROM daily_usage WHERE user_id = $1::uuid AND day >= $2::date RETURNING day, used
    )
    INSERT INTO erased_daily_usage AS erased (phone_hash, day, used)
    SELECT $3::bytea, day, used FROM spent WHERE used > 0
    ON CONFLICT (phone_hash, day) DO UPDATE SET used = erased.used + EXCLUDED.used`,
);

const RESTORE = prepared(
  'quota_restore',
  `
    WITH spent AS (
      DELETE FROM erased_daily_usage WHERE phone_hash = $3::bytea AND day >= $2::date RETURNING day, used
    )
    INSERT INTO daily_usage AS ledger (user_id, day, used)
    SELECT $1::uuid, day, used FROM spent
    ON CONFLICT (user_id, day) DO UPDATE SET used = ledger.used + EXCLUDED.used`,
);

/**
 * What persons have spent today in accounts that they deleted (docs/adr/0022). It is moved, never copied: each of its messages
 * stands in one place, whatever is repeated or happens at the same time.
 */
@Injectable()
export class ErasedQuotaStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Moves the day's use out of the account, as a part of the transaction that deletes it. */
  keep(userId: string, person: Uint8Array): BoundStatement {
    return { statement: KEEP, values: [userId, utcDay(this.clock.now()), person] };
  }

  /** Moves what was kept into the person's new account; that of past days stays, and is deleted soon. */
  async restore(userId: string, person: Uint8Array): Promise<void> {
    await this.database.run(RESTORE, [userId, utcDay(this.clock.now()), person]);
  }
}
