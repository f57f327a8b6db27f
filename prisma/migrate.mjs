/**
 * `npm run db:migrate`: applies the migrations that DATABASE_URL's database hasn't seen.
 *
 * Any number of replicas may run it at once: one works, the others wait and find nothing to do. It writes
 * `_prisma_migrations` as `prisma migrate deploy` does, so both can be used on one database.
 *
 * `npm run db:migrate -- --rolled-back NAME` lets a migration that failed be tried again (PostgreSQL has undone it).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { EVERYTHING, readMigrations, withSchemaEngine } from './schema-engine.mjs';

/** Names our advisory lock among the database's others. Prisma's own CLI uses 72707369. */
const LOCK = 5_243_361;
const WAIT_FOR_DATABASE_MS = 60_000;
const WAIT_FOR_OTHERS_MS = 10 * 60_000;

/**
 * Applies the outstanding migrations.
 *
 * @param {string} url
 * @param {string | undefined} rolledBack a failed migration to try again
 * @returns {Promise<string[]>} the names of those that were applied
 * @throws {Error} the database stays out of reach, or a migration fails
 */
async function migrate(url, rolledBack) {
  const guard = await connect(url);
  try {
    await guard.query(`SET lock_timeout = ${WAIT_FOR_OTHERS_MS}`);
    // Belongs to this connection: a replica that dies half-way frees it.
    await guard.query('SELECT pg_advisory_lock($1)', [LOCK]);
    return await withSchemaEngine(url, async (engine) => {
      if (rolledBack) await engine.markMigrationRolledBack({ migrationName: rolledBack });
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: readMigrations(),
        filters: EVERYTHING,
      });
      return appliedMigrationNames;
    });
  } finally {
    await guard.end();
  }
}

/**
 * Connects as soon as the database takes connections: in a container it may still be starting.
 *
 * @param {string} url
 * @returns {Promise<pg.Client>}
 */
async function connect(url) {
  const deadline = Date.now() + WAIT_FOR_DATABASE_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!mayPass(error) || Date.now() > deadline) throw error;
      await pause(250);
    }
  }
}

/** Whether waiting may help: the port is not open yet, or PostgreSQL says that it is starting. @param {unknown} error */
function mayPass(error) {
  const { code = '' } = /** @type {{code?: string}} */ (error);
  return ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03', '53300', ''].includes(code);
}

try {
  process.loadEnvFile();
} catch {
  // Without a .env the environment alone counts.
}
/** @returns {Promise<string>} what was done */
async function main() {
  const { values } = parseArgs({ options: { 'rolled-back': { type: 'string' } } });
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error('DATABASE_URL is not set.');
  const applied = await migrate(url, values['rolled-back']);
  return applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`;
}

// The engine leaves a timer of ten seconds behind, so the process is ended by hand.
await main().then(
  (done) => {
    console.log(done);
    process.exit(0);
  },
  (/** @type {Error} */ error) => {
    console.error(`Migration failed: ${error.message}`);
    process.exit(1);
  },
);
