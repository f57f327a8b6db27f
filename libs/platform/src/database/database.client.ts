import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { DatabaseConfig } from './database.config.js';
import { PrismaClient } from './generated/client.js';
import type { PreparedStatement } from './prepared-statement.js';

/**
 * PostgreSQL through one pool: `prisma` for everything, unless a statement is a transition of several tables at once, a
 * lock, a lease on the database's clock, or a read whose gain was measured; those are `run` (docs/adr/0002).
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  readonly pool: Pool;
  readonly prisma: PrismaClient;

  constructor(config: DatabaseConfig) {
    this.pool = new Pool({
      connectionString: config.DATABASE_URL,
      max: config.DATABASE_POOL_SIZE,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      // Both sides bound a statement: the server cancels it, and the driver gives up on a server that went silent.
      statement_timeout: 10_000,
      query_timeout: 15_000,
      idle_in_transaction_session_timeout: 15_000,
      // Prisma's adapter writes and reads times without their zone, so that of the session has to be UTC.
      options: '-c TimeZone=UTC',
      keepAlive: true,
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    this.pool.on('error', (error) => this.logger.warn(`An idle PostgreSQL connection broke: ${error.message}`));
    // Prisma's fuller errors quote the query's arguments: messages, phone numbers.
    this.prisma = new PrismaClient({
      adapter: new PrismaPg(this.pool),
      errorFormat: 'minimal',
      // Erasing a large account takes a while. Each statement has its own bound, above.
      transactionOptions: { maxWait: 5_000, timeout: 20_000 },
    });
  }

  /** Runs a prepared statement and returns its rows. Column names come back as the statement spells them. */
  async run<Row extends object>(statement: PreparedStatement<Row>, values: unknown[]): Promise<Row[]> {
    const result = await this.pool.query<Row>({ ...statement, values });
    return result.rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
    if (!this.pool.ended) await this.pool.end();
  }
}
