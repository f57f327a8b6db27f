import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { AUTH_RETENTION } from '@app/auth';
import { CHATROOM_RETENTION } from '@app/chatroom';
import { FILE_RETENTION } from '@app/file';
import { type ExpiringRows, RetentionConfig } from '@app/platform';
import { SUBSCRIPTION_RETENTION } from '@app/subscription';

const DAY_MS = 86_400_000;

/** Of the audit trail, platform itself adds the retention, by `AUDIT_DAYS`. */
const AUDIT = ['audit_event', 'AUDIT_DAYS'] as const;

const expiring = [...AUTH_RETENTION, ...CHATROOM_RETENTION, ...SUBSCRIPTION_RETENTION, ...FILE_RETENTION];
const tableOf = ({ statement }: ExpiringRows): string => statement.name.replace(/^expire_/, '');

/** The tables of the schema: a model's `@@map`, not an enum's. */
const tables = Array.from(
  readFileSync('prisma/schema.prisma', 'utf8').matchAll(/^model \w+ \{\n[^]*?^ {2}@@map\("(\w+)"\)/gm),
  ([, name = '']) => name,
);

interface Kept {
  table: string;
  kept: string;
  settings: string[];
}

/** The rows of the page's table. */
const documented: Kept[] = Array.from(
  readFileSync('docs/retention.md', 'utf8').matchAll(/^\| `(\w+)` +\|[^|]+\|([^|]+)\|([^|]*)\|$/gm),
  ([, table = '', kept = '', settings = '']) => ({
    table,
    kept: kept.trim(),
    settings: Array.from(settings.matchAll(/`(\w+)`/g), ([, name = '']) => name),
  }),
);

describe('docs/retention.md', () => {
  it('says of each table how long its rows are kept, and why', () => {
    expect(documented.map(({ table }) => table).sort()).toEqual([...tables].sort());
    expect(documented.filter(({ kept }) => kept.length < 5)).toEqual([]);
  });

  it('names the setting of each table whose rows expire by one', () => {
    const settings = new Map([
      ...expiring.flatMap((rows) => (rows.setting === null ? [] : [[tableOf(rows), rows.setting] as const])),
      AUDIT,
    ]);
    const own = ({ table, settings: named }: Kept) => [table, table === 'session' ? null : (named[0] ?? null)];
    expect(documented.map(own)).toEqual(documented.map(({ table }) => [table, settings.get(table) ?? null]));
  });

  it('has the defaults', () => {
    const text = readFileSync('docs/retention.md', 'utf8');
    for (const [name, days] of Object.entries(new RetentionConfig())) expect(text).toContain(`\`${name}\` (${days})`);
  });
});

it('what rows are kept for is what the configuration has as default', () => {
  const config = new RetentionConfig();
  const bySetting = expiring.filter(({ setting }) => setting !== null);
  expect(bySetting.length).toBeGreaterThanOrEqual(5);
  for (const { setting, keepMs } of bySetting) expect(keepMs).toBe(config[setting!] * DAY_MS);
});

it('no table grows for good without a reason', () => {
  const unbounded = documented.filter(({ table }) => !expiring.some((rows) => tableOf(rows) === table));
  const reasons = /account|room|minutes|for good|until |a year/;
  expect(unbounded.filter(({ kept }) => !reasons.test(kept))).toEqual([]);
});
