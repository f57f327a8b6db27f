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
import { EVERYTHING, MIGRATION_LOCK, readMigrations, withSchemaEngine } from './schema-engine.mjs';

const WAIT_FOR_DATABASE_MS = 60_000;
const WAIT_FOR_OTHERS_MS = 10 * 60_000;

/** The role or the database may have bounds for the product's short statements. */
const WITHOUT_BOUNDS = 'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';

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
    // Belongs to a transaction that stays open meanwhile: a replica that dies half-way frees it. A lock of the session would stay
    // with the server's connection, behind a pooler.
    await guard.query(`BEGIN; ${WITHOUT_BOUNDS}; SET LOCAL lock_timeout = ${WAIT_FOR_OTHERS_MS}`);
    await guard.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
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
