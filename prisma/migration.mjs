/**
 * `npm run db:migration -- NAME`: writes the next migration, that which makes the schema out of what the migrations
 * make so far. Read it before you commit it: a renamed column looks like one dropped and one added.
 *
 *   --empty   writes one without SQL, for what the schema can't express
 *   --freeze  writes down the checksums of those that are new. From then on `npm run check` refuses every change of them
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { freezeMigrations } from './frozen-migrations.mjs';
import { missingSql } from './missing-sql.mjs';
import { MIGRATIONS, migrationNames } from './schema-engine.mjs';

const BY_HAND = "-- By hand: what the schema can't express.\n";

/** @param {string} name @param {string} sql @returns {string} the file's path, from the repository's root */
function write(name, sql) {
  const file = join(MIGRATIONS, name, 'migration.sql');
  mkdirSync(join(MIGRATIONS, name), { recursive: true });
  writeFileSync(file, sql);
  return relative(join(MIGRATIONS, '../..'), file);
}

/** @param {string} title @param {boolean} empty @returns {Promise<string>} the file that was written */
async function writeNext(title, empty) {
  const sql = empty ? BY_HAND : await missingSql(false);
  if (sql === null) throw new Error('The migrations make the schema already. (--empty is for SQL by hand.)');
  const last = Number(migrationNames().at(-1)?.slice(0, 4) ?? 0);
  return write(`${String(last + 1).padStart(4, '0')}_${title}`, sql);
}

/** @returns {string} what was done */
function freeze() {
  const frozen = freezeMigrations();
  return frozen.length === 0 ? 'All migrations are frozen already.' : `Frozen: ${frozen.join(', ')}.`;
}

/** @returns {Promise<string>} what was done */
async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { empty: { type: 'boolean', default: false }, freeze: { type: 'boolean', default: false } },
  });
  if (values.freeze) return freeze();
  const [title, ...others] = positionals;
  if (!title || others.length > 0 || !/^[a-z][a-z0-9_]*$/.test(title)) {
    throw new Error('Give the migration a name in snake_case: npm run db:migration -- add_room_colour');
  }
  return `Wrote ${await writeNext(title, values.empty)}. Read it, then: npm run db:migrate`;
}

// The engine leaves timers behind, so the process is ended by hand.
await main().then(
  (done) => {
    console.log(done);
    process.exit(0);
  },
  (/** @type {Error} */ error) => {
    console.error(error.message);
    process.exit(1);
  },
);
