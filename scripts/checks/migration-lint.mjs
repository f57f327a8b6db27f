/**
 * What in a migration would hold up, or break, the processes that run meanwhile. Most rules are Squawk's (squawkhq.com); ours are for
 * what it has no rule for. A migration may break a rule that it names with the reason, in a line of its own:
 * `-- allow ban-drop-column: nothing has read it since the last release`.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { execa } from 'execa';
import { packageCommand } from '../node/package-command.mjs';
import { isConcurrent, statementsOf } from '../../prisma/sql-statements.mjs';

/** @typedef {{migration: string, rule: string, message: string}} LintProblem */

/** The oldest PostgreSQL that the product runs on. */
const POSTGRESQL = '15';

/** Rules of Squawk's that are about taste, or about what `prisma/script-runner.mjs` sees to. */
const NOT_OURS = [
  'prefer-bigint-over-int',
  'prefer-bigint-over-smallint',
  'prefer-text-field',
  'require-enum-value-ordering',
  'require-lock-timeout',
  'require-statement-timeout',
];

/**
 * Rules of our own. `fits` gets a statement as `statementsOf` gives it; a table that the migration makes itself is no one's yet.
 *
 * @type {{rule: string, fits: RegExp, message: string}[]}
 */
const STATEMENT_RULES = [
  { rule: 'ban-lock-table', fits: /^LOCK\b/i, message: 'Others wait for as long as the migration takes.' },
  {
    rule: 'ban-table-rewrite',
    fits: /^(?:VACUUM\b.*\bFULL\b|CLUSTER\b|ALTER TABLE .* SET (?:UNLOGGED|LOGGED|TABLESPACE)\b)/i,
    message: 'It writes the whole table anew, and locks out readers meanwhile.',
  },
  {
    rule: 'ban-whole-table-write',
    fits: /^(?:UPDATE|DELETE FROM|TRUNCATE|MERGE INTO|WITH\b.*\b(?:UPDATE|DELETE FROM|MERGE INTO)) (?:TABLE )?(?:ONLY )?(?<table>"?\w+"?)/i,
    message: 'It locks every row that it changes until its end. Change them in batches, apart from migrations.',
  },
  { rule: 'ban-do-block', fits: /^DO\b/i, message: 'No rule sees what is in it.' },
  {
    rule: 'ban-rename-type',
    fits: /^ALTER TYPE .* RENAME\b/i,
    message: 'The processes that run meanwhile know the former name.',
  },
  {
    rule: 'ban-drop-type',
    fits: /^DROP (?:TYPE|DOMAIN|VIEW|MATERIALIZED VIEW|SCHEMA|SEQUENCE)\b/i,
    message: 'The processes that run meanwhile may use it.',
  },
];

/**
 * @param {string[]} paths of `migration.sql` files, each in the folder that names its migration
 * @returns {Promise<LintProblem[]>}
 */
export async function lintMigrations(paths) {
  const found = await runSquawk(paths);
  const problems = await Promise.all(
    paths.map(async (path) => {
      const script = await readFile(path, 'utf8');
      const squawks = found
        .filter(({ file }) => file === path)
        .map(({ rule_name: rule, message }) => ({ rule, message }));
      return withoutAllowed(script, [...squawks, ...ownProblems(script)]).map((problem) => ({
        migration: basename(dirname(path)),
        ...problem,
      }));
    }),
  );
  return problems.flat();
}

/**
 * @param {string[]} paths
 * @returns {Promise<{file: string, rule_name: string, message: string}[]>}
 */
async function runSquawk(paths) {
  if (paths.length === 0) return [];
  const options = ['--reporter', 'json', '--pg-version', POSTGRESQL, '--assume-in-transaction'];
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [packageCommand('squawk-cli', 'squawk'), ...options, '--exclude', NOT_OURS.join(','), ...paths],
    { reject: false, timeout: 60_000 },
  );
  // 1 says that there is something to report.
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`Squawk failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** @param {string} script @returns {{rule: string, message: string}[]} */
function ownProblems(script) {
  const statements = statementsOf(script);
  const made = new Set(
    statements.flatMap((statement) => /^CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)"?/i.exec(statement)?.[1] ?? []),
  );
  const broken = statements.flatMap((statement) =>
    STATEMENT_RULES.filter(({ fits }) => {
      const match = fits.exec(statement);
      return match !== null && !made.has(match.groups?.['table']?.replaceAll('"', '') ?? '');
    }).map(({ rule, message }) => ({ rule, message: `${message} (${statement.slice(0, 60)})` })),
  );
  if (statements.length > 1 && statements.some(isConcurrent)) {
    broken.push({
      rule: 'concurrently-alone',
      message: 'A concurrent statement runs outside of a transaction, so it has to be the only one of its migration.',
    });
  }
  if (/squawk-ignore/.test(script))
    broken.push({ rule: 'allow-with-reason', message: 'Write `-- allow RULE: REASON`.' });
  return broken;
}

/**
 * @param {string} script
 * @param {{rule: string, message: string}[]} problems
 */
function withoutAllowed(script, problems) {
  const allowed = [...script.matchAll(/^-- allow ([a-z-]+):? *(.*)$/gm)].map(([, rule = '', reason = '']) => ({
    rule,
    reason,
  }));
  const needless = allowed.filter(({ rule }) => !problems.some((problem) => problem.rule === rule));
  return [
    ...problems.filter(({ rule }) => !allowed.some((each) => each.rule === rule)),
    ...allowed
      .filter(({ reason }) => reason.trim() === '')
      .map(({ rule }) => ({ rule: 'allow-with-reason', message: `Say why: -- allow ${rule}: REASON` })),
    ...needless.map(({ rule }) => ({ rule: 'allow-needless', message: `Nothing here breaks ${rule}.` })),
  ];
}
