/** Fails unless the migrations that databases have seen are as they were, and later ones block no one (docs/migrations.md). */
import { join } from 'node:path';
import { unfrozenMigrations } from '../../prisma/frozen-migrations.mjs';
import { MIGRATIONS, migrationNames } from '../../prisma/schema-engine.mjs';
import { lintMigrations } from './migration-lint.mjs';

/** The first migration that had to be written by the rules. */
const FIRST_BY_RULES = '0010';

const paths = migrationNames()
  .filter((name) => name >= FIRST_BY_RULES)
  .map((name) => join(MIGRATIONS, name, 'migration.sql'));
const problems = [
  ...unfrozenMigrations(),
  ...(await lintMigrations(paths)).map(({ migration, rule, message }) => `${migration}: ${rule}: ${message}`),
];

console.log(problems.length === 0 ? 'The migrations are in order.' : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
