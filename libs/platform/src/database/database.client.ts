import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { PrismaPg } from '@prisma/adapter-pg';
import { DatabaseError, type QueryConfig } from 'pg';
import { DatabaseConfig } from './database.config.js';
import { DatabaseProbe } from './database-probe.js';
import { PrismaClient } from './generated/client.js';
import { openPool } from './pool.js';
import { tracedStep } from '../tracing/span.js';
import type { PreparedStatement } from './prepared-statement.js';
import type { WatchedPool } from './watched-pool.js';

/** PostgreSQL's codes: the statement of this name doesn't exist, or exists already. */
const LOST_STATEMENT = new Set(['26000', '42P05']);

/**
 * PostgreSQL through one pool: `prisma` for everything, unless a statement is a transition of several tables at once, a
 * lock, a lease on the database's clock, or a read whose gain was measured; those are `run` (docs/adr/0002).
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  private hasExplained = false;
  private readonly probes: DatabaseProbe;
  readonly pool: WatchedPool;
  readonly prisma: PrismaClient;

  constructor(private readonly config: DatabaseConfig) {
    this.pool = openPool(config, config.DATABASE_POOL_SIZE, (error) =>
      this.logger.warn(`An idle PostgreSQL connection broke: ${error.message}`),
    );
    this.probes = new DatabaseProbe(config, this.pool);
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
    // The values stay out of traces: they are people's texts, numbers and names.
    const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': statement.name };
    return await tracedStep(statement.name, { kind: SpanKind.CLIENT, attributes }, () => this.query(statement, values));
  }

  private async query<Row extends object>(statement: PreparedStatement<Row>, values: unknown[]): Promise<Row[]> {
    try {
      const result = await this.pool.query<Row>(this.queryOf(statement, values));
      return result.rows;
    } catch (error) {
      this.explainLostStatement(error);
      throw error;
    }
  }

  /** A statement with its values as the driver takes it, for whoever runs it on a connection of a transaction. */
  queryOf(statement: PreparedStatement<object>, values: unknown[]): QueryConfig {
    const named = this.config.DATABASE_PREPARED_STATEMENTS === 'on';
    return { ...statement, ...(named ? {} : { name: undefined }), values };
  }

  /** Whether PostgreSQL takes writes, asked beside the pool. @throws when it doesn't, with the reason */
  probe(): Promise<void> {
    return this.probes.probe();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.probes.end();
    await this.prisma.$disconnect();
    if (!this.pool.ended) await this.pool.end();
  }

  /** Says once what a pooler without prepared statements causes: its errors name neither the pooler nor the remedy. */
  private explainLostStatement(error: unknown): void {
    if (this.hasExplained || !(error instanceof DatabaseError) || !LOST_STATEMENT.has(error.code ?? '')) return;
    this.hasExplained = true;
    this.logger.error(
      `A prepared statement got lost between process and PostgreSQL. If a pooler stands between them that doesn't keep prepared statements, set DATABASE_PREPARED_STATEMENTS=off: ${error.message}`,
    );
  }
}
