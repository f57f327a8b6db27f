import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { DatabaseConfig } from './database.config.js';
import { StartRefusedError } from '../process/start-checks.js';
import { openPool } from './pool.js';
import { inspectSchema } from './schema-inspection.js';

/** How long PostgreSQL may take to answer. A connection without an answer by then is replaced. */
const ANSWER_TIMEOUT_MS = 1_000;

/** A standby that was a primary is read-only, and so is a primary whose disk is nearly full, with some providers. */
const PROBE: QueryConfig & { query_timeout: number } = {
  text: `SELECT pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
  query_timeout: ANSWER_TIMEOUT_MS,
};

/**
 * Asks PostgreSQL whether it takes writes, on a connection of its own: a pool whose connections are all busy is no outage. When it
 * finds a server that is read-only, and again when it has found one that isn't any more, all connections are replaced: after a
 * failover behind one name, old ones would stay with the server that was the primary.
 */
export class DatabaseProbe {
  private readonly own: Pool;
  /** When each connection of the pool was opened: a number that rises with each replacement of all. */
  private readonly generations = new WeakMap<PoolClient, number>();
  private generation = 0;
  private wasReadOnly = false;
  private hasInspectedSchema = false;

  constructor(
    config: DatabaseConfig,
    private readonly pool: Pool,
  ) {
    this.own = openPool(config, 1, () => undefined);
    pool.on('connect', (client) => this.generations.set(client, this.generation));
    // A connection that is being closed doesn't return to the pool.
    pool.on('release', (_, client) => {
      if (this.generations.get(client) !== this.generation) client.end().catch(() => undefined);
    });
  }

  /** @throws when PostgreSQL doesn't answer, takes no writes, or has an older schema than this build */
  async probe(): Promise<void> {
    const client = await this.own.connect();
    let isKept = false;
    try {
      const { rows } = await client.query<{ isStandby: boolean; isReadOnly: boolean }>(PROBE);
      const [{ isStandby, isReadOnly } = { isStandby: false, isReadOnly: false }] = rows;
      if (isReadOnly || this.wasReadOnly) this.replaceConnections();
      this.wasReadOnly = isReadOnly;
      if (isStandby) throw new Error('it is a standby, which takes no writes');
      if (isReadOnly) throw new Error('it is read-only (default_transaction_read_only)');
      if (!this.hasInspectedSchema) await this.inspectSchema(client);
      isKept = true;
    } finally {
      client.release(!isKept);
    }
  }

  /**
   * Once, also when the check at the start found a PostgreSQL in reach. When it was out of reach then, an older schema is found here: too late
   * to refuse the start, so the process ends by an unhandled error, which names the cause.
   */
  private async inspectSchema(client: PoolClient): Promise<void> {
    const problem = await inspectSchema(client);
    this.hasInspectedSchema = true;
    if (problem === null) return;
    queueMicrotask(() => {
      throw new StartRefusedError([problem]);
    });
    throw new Error(problem);
  }

  async end(): Promise<void> {
    if (!this.own.ended) await this.own.end();
  }

  /** Those that are idle now, and the others when they return to the pool. */
  private replaceConnections(): void {
    this.generation++;
    for (let idle = this.pool.idleCount; idle > 0; idle--) {
      this.pool.connect().then(
        (client) => client.release(true),
        () => undefined,
      );
    }
  }
}
