import { Clock, Database, type PreparedStatement } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';

const RUN_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BATCH_SIZE = 1_000;
const MOST_BATCHES = 20;

/** One kind of row that is over after a time. */
interface Expiry {
  /** Plural, for the log. */
  what: string;
  /** How long after the time in the column a row is kept. */
  keepMs: number;
  statement: PreparedStatement;
}

// Rows that another worker is deleting are skipped, so workers share the work instead of waiting for each other.
const expiry = (what: string, table: string, key: string, column: string, keepMs: number, only = 'true'): Expiry => ({
  what,
  keepMs,
  statement: {
    name: `expire_${table}`,
    text: `
      WITH over AS (
        SELECT ${key} FROM "${table}" WHERE ${column} < $1 AND ${only} ORDER BY ${column} LIMIT ${BATCH_SIZE}
        FOR UPDATE SKIP LOCKED
      )
      DELETE FROM "${table}" WHERE (${key}) IN (SELECT ${key} FROM over) RETURNING 1`,
  },
});

const EXPIRIES = [
  expiry('sessions', 'session', 'id', 'expires_at', 0),
  // Longer than any access token lives.
  expiry('revocations', 'revoked_session', 'id', 'revoked_at', 2 * HOUR_MS),
  expiry('idempotency keys', 'idempotency_key', 'user_id, key', 'created_at', DAY_MS),
  expiry('unverified accounts', 'user', 'id', 'created_at', DAY_MS, 'verified_at IS NULL'),
];

/** Removes what is over, in batches, once a minute. Challenges and counters are in Redis and expire by themselves. */
@Injectable()
export class AuthMaintenance implements OnApplicationBootstrap {
  private readonly logger = new Logger(AuthMaintenance.name);
  private running = false;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    void this.run();
  }

  /** One round; a round that takes longer than the pause between two isn't joined by another. */
  @Interval(RUN_EVERY_MS)
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      for (const each of EXPIRIES) await this.remove(each);
    } catch (error) {
      this.logger.warn(`What is over could not be removed: ${(error as Error).message}`);
    } finally {
      this.running = false;
    }
  }

  private async remove({ what, keepMs, statement }: Expiry): Promise<void> {
    const before = new Date(this.clock.now().getTime() - keepMs);
    let total = 0;
    for (let batch = 0; batch < MOST_BATCHES; batch++) {
      const { length } = await this.database.run(statement, [before]);
      total += length;
      if (length < BATCH_SIZE) break;
    }
    if (total > 0) this.logger.log(`Removed ${total} ${what} that were over`);
  }
}
