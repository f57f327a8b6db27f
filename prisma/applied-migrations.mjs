/** What a database says about the migrations that it has seen: the table `_prisma_migrations`. */
import { createHash } from 'node:crypto';
import { migrationNames, readScript } from './schema-engine.mjs';

/** @import pg from 'pg' */

/**
 * @typedef {object} AppliedMigration a row of the table that was not marked as rolled back
 * @property {string} name
 * @property {string} checksum
 * @property {boolean} finished
 * @property {boolean} failed it has left an error
 */

/** The checksum that Prisma writes. @param {string} script */
export const checksumOf = (script) => createHash('sha256').update(script).digest('hex');

/** @param {pg.Client} client @returns {Promise<AppliedMigration[]>} */
export async function readAppliedMigrations(client) {
  const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') AS "table"`);
  if (rows[0].table === null) return [];
  const applied = await client.query(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished, coalesce(logs, '') <> '' AS failed
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  return applied.rows;
}

/** @param {AppliedMigration[]} applied @returns {string[]} what this release doesn't know: a newer one was here */
export function unknownOf(applied) {
  const known = new Set(migrationNames());
  return applied.map(({ name }) => name).filter((name) => !known.has(name));
}

/**
 * @param {AppliedMigration[]} applied
 * @returns {string[]} whose file is another one than when it was applied
 */
export function editedOf(applied) {
  const known = new Set(migrationNames());
  return applied
    .filter(({ name, finished }) => finished && known.has(name))
    .filter(({ name, checksum }) => {
      const script = readScript(name);
      // Prisma's own tool takes the file as it is on disk, on some systems with other ends of lines.
      return ![script, script.replaceAll('\n', '\r\n')].some((each) => checksumOf(each) === checksum);
    })
    .map(({ name }) => name);
}

/**
 * What marks the migration that is being applied as finished, for the end of its own transaction: so one that isn't finished has
 * changed nothing. When its process was killed, its statements may still run while another process begins anew; they are refused.
 *
 * @param {pg.Pool} pool
 * @returns {Promise<string>} SQL
 */
export async function finishMigration(pool) {
  const { rows } = await pool.query(
    'SELECT id FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL',
  );
  return `DO $finish$ BEGIN
    UPDATE _prisma_migrations SET finished_at = now() WHERE id = '${rows[0].id}' AND rolled_back_at IS NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'Another process has begun this migration anew'; END IF;
  END $finish$`;
}
