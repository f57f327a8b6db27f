import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumOf } from '../../prisma/applied-migrations.mjs';
import { unfrozenMigrations } from '../../prisma/frozen-migrations.mjs';
import { lintMigrations } from '../../scripts/checks/migration-lint.mjs';

const CHANGE = 'ALTER TABLE "message"';

/** A rule, and a migration that breaks it. */
const refused: [rule: string, sql: string][] = [
  ['require-concurrent-index-creation', 'CREATE INDEX "planted_idx" ON "message"("model");'],
  ['require-concurrent-index-creation', 'CREATE TABLE t (id uuid PRIMARY KEY);\nCREATE INDEX i ON "message"("model");'],
  ['prefer-robust-stmts', 'CREATE INDEX CONCURRENTLY "planted_idx" ON "message"("model");'],
  ['concurrently-alone', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON "message"("model");\nSELECT 1;'],
  ['require-concurrent-index-deletion', 'DROP INDEX "planted_idx";'],
  ['require-concurrent-reindex', 'REINDEX TABLE "message";'],
  ['adding-field-with-default', `${CHANGE} ADD COLUMN x uuid DEFAULT gen_random_uuid();`],
  ['adding-field-with-default', `${CHANGE} ADD COLUMN x int GENERATED ALWAYS AS (seq + 1) STORED;`],
  ['prefer-identity', `${CHANGE} ADD COLUMN x serial;`],
  ['adding-required-field', `${CHANGE} ADD COLUMN x text NOT NULL;`],
  ['adding-foreign-key-constraint', `${CHANGE} ADD COLUMN x uuid REFERENCES "user"(id);`],
  ['changing-column-type', `${CHANGE} ALTER COLUMN seq TYPE bigint;`],
  ['adding-not-nullable-field', `${CHANGE} ALTER COLUMN model SET NOT NULL;`],
  ['constraint-missing-not-valid', `${CHANGE} ADD CONSTRAINT c CHECK (seq > 0);`],
  ['constraint-missing-not-valid', `${CHANGE} ADD CONSTRAINT c FOREIGN KEY (user_id) REFERENCES "user"(id);`],
  [
    'constraint-missing-not-valid',
    `${CHANGE} ADD CONSTRAINT c CHECK (seq > 0) NOT VALID;\n${CHANGE} VALIDATE CONSTRAINT c;`,
  ],
  ['disallowed-unique-constraint', `${CHANGE} ADD CONSTRAINT c UNIQUE (seq);`],
  ['adding-serial-primary-key-field', `${CHANGE} ADD PRIMARY KEY (chatroom_id, id);`],
  ['ban-drop-column', `${CHANGE} DROP COLUMN model;`],
  ['ban-drop-table', 'DROP TABLE "checkout";'],
  ['renaming-column', `${CHANGE} RENAME COLUMN model TO made_by;`],
  ['renaming-table', `${CHANGE} RENAME TO messages;`],
  ['transaction-nesting', 'BEGIN;\nSELECT 1;\nCOMMIT;'],
  ['ban-lock-table', 'LOCK TABLE "message";'],
  ['ban-table-rewrite', 'VACUUM (ANALYZE, FULL) "message";'],
  ['ban-table-rewrite', 'CLUSTER "message" USING message_pkey;'],
  ['ban-table-rewrite', `${CHANGE} SET UNLOGGED;`],
  ['ban-whole-table-write', 'UPDATE "message" SET model = NULL;'],
  ['ban-whole-table-write', "DELETE FROM message WHERE model = '';"],
  ['ban-whole-table-write', 'TRUNCATE checkout;'],
  ['ban-whole-table-write', 'WITH old AS (SELECT id FROM message) UPDATE message SET model = NULL FROM old;'],
  ['ban-do-block', 'DO $$ BEGIN UPDATE message SET model = NULL; END $$;'],
  ['ban-rename-type', `ALTER TYPE message_status RENAME VALUE 'queued' TO 'waiting';`],
  ['ban-drop-type', 'DROP TYPE message_status;'],
  ['syntax-error', 'ALTER TABEL message;'],
  ['allow-with-reason', `-- allow ban-drop-column:\n${CHANGE} DROP COLUMN model;`],
  ['allow-with-reason', `-- squawk-ignore ban-drop-column\n${CHANGE} DROP COLUMN model;`],
  ['allow-needless', '-- allow ban-drop-column: it is read no more\nSELECT 1;'],
];

/** Migrations that block no one. */
const accepted: [what: string, sql: string][] = [
  ['a column without a value', `${CHANGE} ADD COLUMN x text;`],
  ['a column with a constant', `${CHANGE} ADD COLUMN x boolean NOT NULL DEFAULT false;`],
  [
    'a table with its index and rows',
    'CREATE TABLE t (id uuid PRIMARY KEY, x text);\nCREATE INDEX i ON t (x);\nUPDATE t SET x = 1;',
  ],
  ['an index built concurrently', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON "message"("model");'],
  [
    'a comment about what it does not do',
    '-- Not by CREATE INDEX CONCURRENTLY; no LOCK TABLE either.\nSELECT 1;\nSELECT 2;',
  ],
  ['a constraint for new rows', `${CHANGE} ADD CONSTRAINT c CHECK (seq > 0) NOT VALID;`],
  ['the check of the old rows', `${CHANGE} VALIDATE CONSTRAINT c;`],
  ['a key by an index that is there', `${CHANGE} ADD CONSTRAINT c UNIQUE USING INDEX i;`],
  ['a function that writes', `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'UPDATE message SET seq = 1; SELECT 1';`],
  [
    'what it names with a reason',
    `-- allow ban-drop-column: nothing has read it since 1.4\n${CHANGE} DROP COLUMN model;`,
  ],
];

describe('a migration', () => {
  let folder: string;
  let problems: Map<string, string[]>;
  const nameOf = (kind: string, index: number) => `${kind}_${index}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'planted-migrations-'));
    const planted = [
      ...refused.map(([, sql], index) => [nameOf('refused', index), sql] as const),
      ...accepted.map(([, sql], index) => [nameOf('accepted', index), sql] as const),
    ];
    for (const [name, sql] of planted) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'migration.sql'), `${sql}\n`);
    }
    const found = await lintMigrations(planted.map(([name]) => join(folder, name, 'migration.sql')));
    problems = new Map(
      planted.map(([name]) => [name, found.filter((each) => each.migration === name).map(({ rule }) => rule)]),
    );
  }, 120_000);
  afterAll(() => (folder === undefined ? undefined : rm(folder, { recursive: true })));

  it.each(refused.map(([rule, sql], index) => ({ rule, sql, name: nameOf('refused', index) })))(
    'is refused by $rule: $sql',
    ({ rule, name }) => {
      expect(problems.get(name)).toContain(rule);
    },
  );

  it.each(accepted.map(([what], index) => ({ what, name: nameOf('accepted', index) })))(
    'may have $what',
    ({ name }) => {
      expect(problems.get(name)).toEqual([]);
    },
  );
});

describe('the frozen migrations', () => {
  const frozen = new Map([['0001_init', checksumOf('SELECT 1;\n')]]);

  it.each([
    ['is as it was', [['0001_init', 'SELECT 1;\n']], []],
    ['was changed', [['0001_init', 'SELECT 2;\n']], [expect.stringMatching(/^0001_init: was changed/)]],
    ['was removed', [], [expect.stringMatching(/^0001_init: was removed/)]],
    [
      'has no checksum',
      [
        ['0001_init', 'SELECT 1;\n'],
        ['0002_next', 'SELECT 2;\n'],
      ],
      [expect.stringMatching(/^0002_next: .*--freeze/)],
    ],
  ] as [string, [string, string][], string[]][])('say when one %s', (_what, scripts, said) => {
    expect(unfrozenMigrations(frozen, new Map(scripts))).toEqual(said);
  });
});
