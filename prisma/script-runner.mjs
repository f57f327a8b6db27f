/** Runs a migration's script so that no one waits behind it for long: a lock that isn't free soon is tried for again later. */
import { setTimeout as pause } from 'node:timers/promises';
import { concurrentIndexOf, isConcurrent, statementsOf } from './sql-statements.mjs';

/** @import pg from 'pg' */

/** PostgreSQL's codes: a lock wasn't got within its time; this transaction was chosen to end a deadlock. */
const LOCK_NOT_GOT = new Set(['55P03', '40P01']);
const STATEMENT_TIMEOUT = '57014';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * @typedef {object} RunnerOptions
 * @property {number} [lockTimeoutMs] how long a script waits for each lock. Whoever comes after it waits as long at most
 * @property {number} [retryForMs] for how long a script is tried again when a lock wasn't free
 * @property {(line: string) => void} [report] gets a line for each try that got no lock
 * @property {(pool: pg.Pool) => Promise<string>} [epilogue] gives a statement that happens with the script or not at all
 */

/** A script got no lock in all of its time. Nothing of it has happened. */
export class LockNotGotError extends Error {}

/** Runs scripts, each as a whole or not at all, except those that build an index concurrently. */
export class ScriptRunner {
  #lockTimeoutMs;
  #retryForMs;
  #report;
  #epilogue;
  /** Why the last script failed, since the engine passes on no more than a text. @type {unknown} */
  failure = null;

  /** @param {RunnerOptions} [options] */
  constructor({
    lockTimeoutMs = 2_000,
    retryForMs = 600_000,
    report = () => undefined,
    epilogue = async () => '',
  } = {}) {
    this.#lockTimeoutMs = lockTimeoutMs;
    this.#retryForMs = retryForMs;
    this.#report = report;
    this.#epilogue = epilogue;
  }

  /**
   * @param {pg.Pool} pool
   * @param {string} script
   * @throws {LockNotGotError} or what PostgreSQL says
   */
  async run(pool, script) {
    try {
      await this.#runUntilLocked(pool, script);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** @param {pg.Pool} pool @param {string} script */
  async #runUntilLocked(pool, script) {
    const deadline = Date.now() + this.#retryForMs;
    const statements = statementsOf(script);
    const isAlone = statements.some(isConcurrent);
    const explain = (/** @type {number} */ tries) =>
      this.#explain(pool, tries, isAlone ? this.#retryForMs : this.#lockTimeoutMs);
    for (let tries = 1; ; tries += 1) {
      try {
        await (isAlone ? this.#runAlone(pool, script, statements) : this.#runAsOne(pool, script));
        return;
      } catch (error) {
        if (!LOCK_NOT_GOT.has(/** @type {{code?: string}} */ (error).code ?? '')) throw error;
        if (Date.now() > deadline) throw new LockNotGotError(await explain(tries));
      }
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
      this.#report(`${await explain(tries)} Next try in ${(pauseMs / 1000).toFixed(1)} s.`);
      await pause(pauseMs);
    }
  }

  /**
   * In one transaction, which a script of several statements is by itself. The bounds that the role or the database may have for
   * the product's short statements don't count in it.
   *
   * @param {pg.Pool} pool
   * @param {string} script
   */
  async #runAsOne(pool, script) {
    const bounds = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${this.#lockTimeoutMs}`;
    await pool.query(`${bounds};\n${script}\n;${await this.#epilogue(pool)}`);
  }

  /**
   * Outside of a transaction. What it waits for holds up no one but other changes of the same table, so it may wait. A try
   * that failed leaves an invalid index, which writes have to keep up and no one can read by; it is dropped first.
   *
   * @param {pg.Pool} pool
   * @param {string} script
   * @param {string[]} statements
   */
  async #runAlone(pool, script, statements) {
    const client = await pool.connect();
    try {
      const ownsSession = await isDirect(client);
      // Behind a pooler the settings would stay with a connection that others get.
      if (ownsSession) await client.query(`SET statement_timeout = 0; SET lock_timeout = ${this.#retryForMs}`);
      for (const statement of statements) await dropInvalidIndex(client, concurrentIndexOf(statement));
      await client.query(script).catch((error) => explainTimeout(error, ownsSession));
      if (ownsSession) await client.query('RESET statement_timeout; RESET lock_timeout');
      client.release();
    } catch (error) {
      // The next query gets a connection without these settings.
      client.release(true);
      throw error;
    }
  }

  /**
   * @param {pg.Pool} pool
   * @param {number} tries
   * @param {number} waitedMs
   * @returns {Promise<string>} what stands in the way, as far as this role may see it
   */
  async #explain(pool, tries, waitedMs) {
    const { rows } = await pool.query(
      `SELECT format('process %s of %s%s, in a transaction for %s s', pid, usename, ' (' || nullif(application_name, '') || ')',
                     extract(epoch FROM clock_timestamp() - xact_start)::int) AS transaction
       FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
         AND xact_start < clock_timestamp() - make_interval(secs => $1)
         AND NOT EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid AND locktype = 'advisory')
       ORDER BY xact_start LIMIT 3`,
      [this.#lockTimeoutMs / 1000],
    );
    const others = rows.map(({ transaction }) => transaction).join('; ');
    return `A lock was not free within ${waitedMs / 1000} s, in ${tries} ${tries === 1 ? 'try' : 'tries'}${others && `. Open meanwhile: ${others}`}.`;
  }
}

/**
 * Whether the session is this client's own: a pooler tells its clients a process id of its own making.
 *
 * @param {pg.PoolClient} client
 */
async function isDirect(client) {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  return rows[0].pid === /** @type {{processID?: number}} */ (client).processID;
}

/** @param {pg.PoolClient} client @param {string | null} name as it is written in SQL */
async function dropInvalidIndex(client, name) {
  if (name === null) return;
  const { rowCount } = await client.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    [name],
  );
  if (rowCount) await client.query(`DROP INDEX CONCURRENTLY ${name}`);
}

/** @param {pg.DatabaseError} error @param {boolean} ownsSession @returns {never} */
function explainTimeout(error, ownsSession) {
  if (error.code === STATEMENT_TIMEOUT && !ownsSession)
    error.message += '. Behind a pooler its statement_timeout holds: migrate with the address of PostgreSQL itself';
  throw error;
}
