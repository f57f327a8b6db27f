import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.client.js';
import { prepared } from '../database/prepared-statement.js';

// By the database's clock, and bound to a row instead of a connection, which a pooler may lend to others. A process that doesn't get
// the lease only reads: the row is written by its holder, and by who takes over.
const CLAIM = prepared<{ name: string }>(
  'process_lease_claim',
  `
    INSERT INTO process_lease AS lease (name, holder, lease_until)
    SELECT $1, $2::uuid, now() + $3::int * interval '1 ms'
    WHERE NOT EXISTS (
      SELECT FROM process_lease other WHERE other.name = $1 AND other.holder <> $2::uuid AND other.lease_until > now()
    )
    ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, lease_until = EXCLUDED.lease_until
      WHERE lease.holder = EXCLUDED.holder OR lease.lease_until <= now()
    RETURNING name`,
);

const RELEASE = prepared(
  'process_lease_release',
  'UPDATE process_lease SET lease_until = now() WHERE name = $1 AND holder = $2::uuid',
);

/** Elects one process for what only one is to do at a time. Good for what does no harm when two do it for a moment. */
@Injectable()
export class ProcessLeaseStore {
  private readonly holder = randomUUID();

  constructor(private readonly database: Database) {}

  /**
   * Claims a lease for this process, or extends it.
   *
   * @param leaseMs after which another process may have it, unless it is extended
   * @returns whether this process holds it
   */
  async claim(name: string, leaseMs: number): Promise<boolean> {
    const rows = await this.database.run(CLAIM, [name, this.holder, leaseMs]);
    return rows.length > 0;
  }

  /** Lets another process have the lease at once. Without effect where this one doesn't hold it. */
  async release(name: string): Promise<void> {
    await this.database.run(RELEASE, [name, this.holder]);
  }
}
