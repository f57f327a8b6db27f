import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/services/ports.mjs';
import { createDatabase, type Postgres, startPostgres } from '../../scripts/services/postgres.mjs';
import { type ManagedProcess, Processes } from '../../scripts/services/processes.mjs';
import { type PgBouncer, providePgBouncer, startPgBouncer } from '../../scripts/services/pgbouncer.mjs';
import { provideRedis, startRedis } from '../../scripts/services/redis.mjs';
import { TcpProxy } from '../support/http/tcp-proxy.js';

const MIGRATE = fileURLToPath(new URL('../../prisma/migrate.mjs', import.meta.url));
const DATABASE = 'chaos';

/** Keeps each message of a deleted room, so that the oracle can still tell what became of it and what it has cost. */
const WITNESS = `
  CREATE TABLE deleted_message (LIKE message);
  CREATE VIEW every_message AS SELECT * FROM message UNION ALL SELECT * FROM deleted_message;
  CREATE FUNCTION witness_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO deleted_message SELECT OLD.*;
      RETURN NULL;
    END $$;
  CREATE TRIGGER witness AFTER DELETE ON message FOR EACH ROW EXECUTE FUNCTION witness_deletion();`;

/** Fewer than the processes' connections. */
const POOLER_SETTINGS = { default_pool_size: 12, max_prepared_statements: 200, server_login_retry: 1 };

/**
 * A PostgreSQL and a Redis that may be killed, each behind a proxy. What PostgreSQL has committed survives its processes
 * without fsync, since the machine itself keeps running; Redis loses everything with its process.
 */
export class ChaosServices {
  private constructor(
    private readonly processes: Processes,
    private readonly folder: string,
    private readonly ports: { postgres: number; redis: number; pooler: number },
    private readonly password: string,
    private postgres: Postgres,
    private redis: ManagedProcess,
    private pooler: PgBouncer | null,
    readonly postgresProxy: TcpProxy,
    readonly redisProxy: TcpProxy,
  ) {}

  /** @param withPooler whether PgBouncer stands between the proxy and PostgreSQL */
  static async start(withPooler: boolean): Promise<ChaosServices> {
    const processes = new Processes();
    const folder = await mkdtemp(join(tmpdir(), 'chat-chaos-'));
    processes.removeAtEnd(folder);
    const ports = { postgres: await freePort(), redis: await freePort(), pooler: await freePort() };
    const password = randomUUID();
    const [postgres, redis] = await Promise.all([
      launchPostgres(processes, folder, ports.postgres, password),
      launchRedis(processes, folder, ports.redis),
    ]);
    await createDatabase(postgres, DATABASE);
    execFileSync(process.execPath, [MIGRATE], { env: { ...process.env, DATABASE_URL: postgres.url(DATABASE) } });
    await run(postgres, WITNESS);
    if (withPooler) await boundRole(postgres);
    const pooler = withPooler ? await launchPooler(processes, folder, ports.pooler, postgres) : null;
    const proxies = [
      await TcpProxy.to('127.0.0.1', withPooler ? ports.pooler : ports.postgres),
      await TcpProxy.to('127.0.0.1', ports.redis),
    ] as const;
    return new ChaosServices(processes, folder, ports, password, postgres, redis, pooler, ...proxies);
  }

  /** The product's settings, which lead through the proxies. */
  get env(): Record<string, string> {
    const url = Object.assign(new URL(this.directUrl), { port: String(this.postgresProxy.port) });
    return {
      DATABASE_URL: url.href,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(this.redisProxy.port),
      REDIS_DB: '0',
    };
  }

  /** The oracle's connection string, past the proxy. */
  get directUrl(): string {
    return this.postgres.url(DATABASE);
  }

  async killPostgres(): Promise<void> {
    this.postgres.process.kill('SIGKILL');
    await this.postgres.process.exited;
    // The next server refuses to start until the backends of the last one have noticed and ended.
    for (let attempt = 1; ; attempt++) {
      try {
        this.postgres = await launchPostgres(this.processes, this.folder, this.ports.postgres, this.password);
        return;
      } catch (error) {
        if (attempt === 20) throw error;
      }
    }
  }

  /** Does nothing without one. */
  async killPooler(): Promise<void> {
    if (this.pooler === null) return;
    this.pooler.process.kill('SIGKILL');
    await this.pooler.process.exited;
    this.pooler = await launchPooler(this.processes, this.folder, this.ports.pooler, this.postgres);
  }

  get hasPooler(): boolean {
    return this.pooler !== null;
  }

  async killRedis(): Promise<void> {
    this.redis.kill('SIGKILL');
    await this.redis.exited;
    this.redis = await launchRedis(this.processes, this.folder, this.ports.redis);
  }

  async flushRedis(): Promise<void> {
    const redis = new Redis({ port: this.ports.redis, maxRetriesPerRequest: 1 });
    try {
      await redis.flushall();
    } finally {
      redis.disconnect();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgresProxy.close(), this.redisProxy.close()]);
    await this.processes.stop();
  }
}

function launchPostgres(processes: Processes, folder: string, port: number, password: string): Promise<Postgres> {
  return startPostgres(processes, { folder: join(folder, 'postgres'), port, password, settings: { fsync: 'off' } });
}

async function launchRedis(processes: Processes, folder: string, port: number): Promise<ManagedProcess> {
  const program = await provideRedis(() => undefined);
  return startRedis(processes, { program, folder: join(folder, 'redis'), port, durable: false });
}

/** Bounds for server connections that the pooler opens by itself, as docs/postgresql.md has them. */
async function boundRole(postgres: Postgres): Promise<void> {
  await run(postgres, `ALTER ROLE CURRENT_USER SET statement_timeout = '10s'`);
  await run(postgres, `ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = '15s'`);
}

async function run(postgres: Postgres, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url(DATABASE) });
  await client.connect();
  await client.query(sql);
  await client.end();
}

async function launchPooler(
  processes: Processes,
  folder: string,
  port: number,
  postgres: Postgres,
): Promise<PgBouncer> {
  return startPgBouncer(processes, {
    program: await providePgBouncer('trixie'),
    folder: join(folder, 'pooler'),
    port,
    server: postgres.url(DATABASE),
    settings: POOLER_SETTINGS,
  });
}
