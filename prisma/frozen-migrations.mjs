/** The checksums of the migrations that may not change any more, since databases have seen them: `migrations/SHA256SUMS`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksumOf } from './applied-migrations.mjs';
import { MIGRATIONS, migrationNames, readScript } from './schema-engine.mjs';

/** As `sha256sum` writes and checks it. */
const SUMS = join(MIGRATIONS, 'SHA256SUMS');

/** @returns {Map<string, string>} the checksums by the migrations' names */
function readSums() {
  const lines = readFileSync(SUMS, 'utf8').split(/\r?\n/).filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [checksum = '', path = ''] = line.split(/\s+/);
      return [path.replace('/migration.sql', ''), checksum];
    }),
  );
}

/** Writes down the checksums of the migrations that have none yet. @returns {string[]} their names */
export function freezeMigrations() {
  const sums = readSums();
  const added = migrationNames().filter((name) => !sums.has(name));
  for (const name of added) sums.set(name, checksumOf(readScript(name)));
  const lines = [...sums].sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(SUMS, lines.map(([name, checksum]) => `${checksum}  ${name}/migration.sql\n`).join(''));
  return added;
}

/**
 * @param {Map<string, string>} sums what is frozen
 * @param {Map<string, string>} scripts what there is
 * @returns {string[]} a sentence for each migration that was changed, was removed or is not frozen yet
 */
export function unfrozenMigrations(sums = readSums(), scripts = readScripts()) {
  return [
    ...[...sums.keys()].filter((name) => !scripts.has(name)).map((name) => `${name}: was removed; databases have it.`),
    ...[...scripts].flatMap(([name, script]) => {
      const sum = sums.get(name);
      if (sum === undefined) return [`${name}: when it is complete, npm run db:migration -- --freeze.`];
      return sum === checksumOf(script)
        ? []
        : [`${name}: was changed after databases have seen it; write another one.`];
    }),
  ];
}

/** @returns {Map<string, string>} the migrations on disk, by their names */
const readScripts = () => new Map(migrationNames().map((name) => [name, readScript(name)]));
