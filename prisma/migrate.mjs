/**
 * `npm run db:migrate`: applies the migrations that DATABASE_URL's database hasn't seen.
 *
 * Any number of replicas may run it at once: one works, the others wait and find nothing to do. It writes
 * `_prisma_migrations` as `prisma migrate deploy` does, so both can be used on one database.
 *
 *   --lock-timeout SECONDS  how long a migration waits for a lock, and others behind it; 2 unless given
 *   --retry-for SECONDS     for how long a migration whose lock isn't free is tried again; 600 by default
 *   --rolled-back NAME      lets a migration that failed be tried again (PostgreSQL has undone it)
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { editedOf, finishMigration, readAppliedMigrations, unknownOf } from './applied-migrations.mjs';
import { readSecretFiles } from './secret-files.mjs';
import { EVERYTHING, MIGRATION_LOCK, readMigrations, withSchemaEngine } from './schema-engine.mjs';
import { LockNotGotError, ScriptRunner } from './script-runner.mjs';

/** @import {SchemaEngine} from '@prisma/schema-engine-wasm/schema_engine_bg' */

const WAIT_FOR_DATABASE_MS = 60_000;
const WAIT_FOR_OTHERS_MS = 20 * 60_000;
const LOCK_POLL_MS = 250;

/**
 * @typedef {object} MigrateOptions
 * @property {number} lockTimeoutMs
 * @property {number} retryForMs
 * @property {string} [rolledBack] a failed migration to try again
 */

/**
 * Applies the outstanding migrations.
 *
 * @param {string} url
 * @param {MigrateOptions} options
 * @returns {Promise<string[]>} the names of those that were applied
 * @throws {Error} the database stays out of reach, a migration fails, or one was edited after it was applied
 */
async function migrate(url, { lockTimeoutMs, retryForMs, rolledBack }) {
  const guard = await connect(url);
  try {
    await lock(guard);
    await checkHistory(guard);
    const runner = new ScriptRunner({ lockTimeoutMs, retryForMs, report: console.log, epilogue: finishMigration });
    return await withSchemaEngine(
      url,
      async (engine) => {
        if (rolledBack) await engine.markMigrationRolledBack({ migrationName: rolledBack });
        await forgetInterrupted(guard, engine);
        return apply(guard, engine, runner);
      },
      { runner },
    );
  } finally {
    await guard.end();
  }
}

/**
 * Waits until no one else migrates. The lock belongs to a transaction that stays open meanwhile: a replica that dies half-way frees
 * it. A lock of the session would stay with the server's connection, behind a pooler. And it is asked for time and again: while
 * a statement waits it has a snapshot, for whose end an index that is built concurrently would wait, too.
 *
 * @param {pg.Client} guard
 */
async function lock(guard) {
  const deadline = Date.now() + WAIT_FOR_OTHERS_MS;
  for (;;) {
    await guard.query(
      // The role or the database may have bounds for the product's short statements.
      'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
    );
    const { rows } = await guard.query('SELECT pg_try_advisory_xact_lock($1) AS locked', [MIGRATION_LOCK]);
    if (rows[0].locked) return;
    await guard.query('ROLLBACK');
    if (Date.now() > deadline) throw new Error('Another process has been migrating this database for 20 minutes.');
    await pause(LOCK_POLL_MS);
  }
}

/** @param {pg.Client} guard @throws {Error} naming the migrations that were edited after they were applied */
async function checkHistory(guard) {
  const applied = await readAppliedMigrations(guard);
  const edited = editedOf(applied);
  if (edited.length > 0) {
    throw new Error(
      `${edited.join(', ')} was applied to this database with another text than its file has now. Restore the file, and write a new migration for the change (docs/migrations.md).`,
    );
  }
  const unknown = unknownOf(applied);
  if (unknown.length > 0) {
    console.log(`The database is newer than this release, which does not know ${unknown.join(', ')}. They stay.`);
  }
}

/**
 * A process that was killed leaves a migration that is neither finished nor failed, and of which nothing has happened.
 *
 * @param {pg.Client} guard
 * @param {SchemaEngine} engine
 */
async function forgetInterrupted(guard, engine) {
  for (const { name, finished, failed } of await readAppliedMigrations(guard)) {
    if (finished || failed) continue;
    await engine.markMigrationRolledBack({ migrationName: name });
    console.log(`${name} was interrupted before; it is applied anew.`);
  }
}

/**
 * @param {pg.Client} guard
 * @param {SchemaEngine} engine
 * @param {ScriptRunner} runner
 * @returns {Promise<string[]>} the names of those that were applied
 */
async function apply(guard, engine, runner) {
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: readMigrations(),
      filters: EVERYTHING,
    });
    return appliedMigrationNames;
  } catch (error) {
    if (!(runner.failure instanceof LockNotGotError)) throw error;
    const unfinished = (await readAppliedMigrations(guard)).filter(({ finished }) => !finished);
    for (const { name } of unfinished) await engine.markMigrationRolledBack({ migrationName: name });
    const names = unfinished.map(({ name }) => name).join(', ');
    throw new Error(`${names} has changed nothing yet: run it again. ${runner.failure.message}`, { cause: error });
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
/** @param {string} option @param {string} seconds @returns {number} at least 1 @throws {Error} it is no number */
function milliseconds(option, seconds) {
  const value = Number(seconds);
  if (!(value >= 0 && value <= 86_400)) throw new Error(`${option} has to be a number of seconds.`);
  // PostgreSQL takes 0 for no bound at all.
  return Math.max(1, Math.round(value * 1000));
}

/** @returns {Promise<string>} what was done */
async function main() {
  const { values } = parseArgs({
    options: {
      'lock-timeout': { type: 'string', default: '2' },
      'retry-for': { type: 'string', default: '600' },
      'rolled-back': { type: 'string' },
    },
  });
  readSecretFiles(['DATABASE_URL', 'PGPASSWORD']);
  const url = process.env['DATABASE_URL'];
  if (!url) throw new Error('DATABASE_URL is not set.');
  const applied = await migrate(url, {
    lockTimeoutMs: milliseconds('--lock-timeout', values['lock-timeout']),
    retryForMs: milliseconds('--retry-for', values['retry-for']),
    ...(values['rolled-back'] ? { rolledBack: values['rolled-back'] } : {}),
  });
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
