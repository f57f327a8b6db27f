import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';

/** A database of a test's own. */
export interface TestDatabase {
  /** Its connection string, of a role that may do everything. */
  url: string;
  /** The same of the role by which the product runs, where the server has it: one that reads and writes rows alone. */
  appUrl: string;
  /** Removes it, and closes its connections. */
  drop: () => Promise<void>;
}

/** A logical database of Redis of a test's own. */
export interface TestRedis {
  host: string;
  port: number;
  db: number;
}

const MIGRATE = fileURLToPath(new URL('../../prisma/migrate.mjs', import.meta.url));
const REDIS_PER_WORKER = 4;

/**
 * Creates a database with the product's schema and no data on the server of `DATABASE_URL`. Jest's global setup
 * provides a migrated template to copy; on a server that the environment names, the migrations are applied.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = process.env['TEST_TEMPLATE_DATABASE'];
  const database = await createEmptyDatabase(template);
  if (!template) migrate(database.url);
  return database;
}

/** Creates a database without anything in it, or a copy of a template. */
export async function createEmptyDatabase(template?: string): Promise<TestDatabase> {
  const server = process.env['DATABASE_URL'];
  if (!server) throw new Error('DATABASE_URL is to be a PostgreSQL server on which databases may be created.');
  const name = `test_${randomUUID()}`;
  await onServer(server, `CREATE DATABASE "${name}" ${template ? `TEMPLATE "${template}"` : ''}`);
  // No zone but UTC may make a difference: neither the server's nor the database's.
  await onServer(server, `ALTER DATABASE "${name}" SET TimeZone = 'Asia/Kolkata'`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return { url, appUrl: asApp(url), drop: () => onServer(server, `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`) };
}

/** The roles come with the template; on a server that the environment names there are none. */
function asApp(url: string): string {
  const password = process.env['TEST_APP_PASSWORD'];
  return password ? Object.assign(new URL(url), { username: 'gemini_chat_app', password }).href : url;
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function migrate(url: string): void {
  const { status, stderr } = spawnSync(process.execPath, [MIGRATE], {
    env: { ...process.env, DATABASE_URL: url },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

let databasesInUse = 0;

/**
 * Empties and returns a logical database of the Redis at `REDIS_HOST` and `REDIS_PORT`. Each Jest worker
 * has four, so a test file may have up to four stacks at a time.
 */
export async function testRedis(): Promise<TestRedis> {
  const worker = Number(process.env['JEST_WORKER_ID'] ?? 1) - 1;
  const target = {
    host: process.env['REDIS_HOST'] ?? '127.0.0.1',
    port: Number(process.env['REDIS_PORT'] ?? 6379),
    db: (worker * REDIS_PER_WORKER + (databasesInUse++ % REDIS_PER_WORKER)) % 16,
  };
  const redis = new Redis({ ...target, lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
  return target;
}
