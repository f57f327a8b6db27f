/**
 * `npm run db:migration -- NAME`: writes the next migration, that which makes the schema out of what the migrations
 * make so far. Read it before you commit it: a renamed column looks like one dropped and one added.
 *
 *   --empty  writes one without SQL, for what the schema can't express
 *   --init   rewrites 0001_init, keeping what was added by hand; only as long as it is the only one
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { missingSql } from './missing-sql.mjs';
import { MIGRATIONS, migrationNames } from './schema-engine.mjs';

const INIT = '0001_init';
const BY_HAND = "-- By hand: what the schema can't express.\n";

/** @param {string} name @param {string} sql @returns {string} the file's path, from the repository's root */
function write(name, sql) {
  const file = join(MIGRATIONS, name, 'migration.sql');
  mkdirSync(join(MIGRATIONS, name), { recursive: true });
  writeFileSync(file, sql);
  return relative(join(MIGRATIONS, '../..'), file);
}

/** @returns {Promise<string>} the file that was written */
async function rewriteInit() {
  if (migrationNames().some((name) => name !== INIT)) throw new Error('There are later migrations: write another one.');
  const byHand = readFileSync(join(MIGRATIONS, INIT, 'migration.sql'), 'utf8').split(BY_HAND)[1] ?? '';
  return write(INIT, `${await missingSql(true)}\n${BY_HAND}${byHand}`);
}

/** @param {string} title @param {boolean} empty @returns {Promise<string>} the file that was written */
async function writeNext(title, empty) {
  const sql = empty ? BY_HAND : await missingSql(false);
  if (sql === null) throw new Error('The migrations make the schema already. (--empty is for SQL by hand.)');
  const last = Number(migrationNames().at(-1)?.slice(0, 4) ?? 0);
  return write(`${String(last + 1).padStart(4, '0')}_${title}`, sql);
}

/** @returns {Promise<string>} */
async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { init: { type: 'boolean', default: false }, empty: { type: 'boolean', default: false } },
  });
  if (values.init) return rewriteInit();
  const [title, ...others] = positionals;
  if (!title || others.length > 0 || !/^[a-z][a-z0-9_]*$/.test(title)) {
    throw new Error('Give the migration a name in snake_case: npm run db:migration -- add_room_colour');
  }
  return writeNext(title, values.empty);
}

// The engine leaves timers behind, so the process is ended by hand.
await main().then(
  (file) => {
    console.log(`Wrote ${file}. Read it, then: npm run db:migrate`);
    process.exit(0);
  },
  (/** @type {Error} */ error) => {
    console.error(error.message);
    process.exit(1);
  },
);
