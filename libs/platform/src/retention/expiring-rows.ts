import { RetentionConfig, type RetentionSetting } from './retention.config.js';
import { prepared, type PreparedStatement } from '../database/prepared-statement.js';

/** One kind of row that is deleted some time after a moment that it holds. */
export interface ExpiringRows {
  /** Plural, for the log. */
  what: string;
  /** How long a row is kept after the moment in its column, in milliseconds. */
  keepMs: number;
  /** The variable that says in days how long instead; null when that is not for operators to decide. */
  setting: RetentionSetting | null;
  /** Deletes one batch. Its parameter is the moment before which rows have expired. */
  statement: PreparedStatement<{ deleted: number }>;
}

/** How many rows one statement deletes at most. */
export const BATCH_SIZE = 1_000;

/** How a lib names the rows that it lets expire. All but `what` and `keepMs` is SQL. */
export interface ExpiringRowsOptions {
  what: string;
  table: string;
  /** The column with the moment. The table has an index on it. */
  column: string;
  /** How long: a time, or the variable that says it. */
  keep: { ms: number } | { setting: RetentionSetting };
  /** A condition on the row; without it all rows expire. */
  only?: string;
  /** The column holds a UTC day (SQL's `date`): its moment is the day's end. */
  isDay?: boolean;
}

/** Told from the instant by PostgreSQL: as a `date`, the driver's text of it would be the day in the process's own zone. */
const UTC_DAY = `($1::timestamptz AT TIME ZONE 'UTC')::date`;

/**
 * Rows that another worker is deleting are skipped, so workers share the work instead of waiting for each other. The rows
 * are deleted by their place in the table: by their keys, PostgreSQL may prefer to read the whole table.
 */
export const expiringRows = ({ what, table, column, keep, only, isDay }: ExpiringRowsOptions): ExpiringRows => ({
  what,
  ...('ms' in keep
    ? { keepMs: keep.ms, setting: null }
    : { keepMs: keptMs(new RetentionConfig(), keep.setting), setting: keep.setting }),
  statement: prepared(
    `expire_${table}`,
    `
    DELETE FROM "${table}" WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM "${table}" WHERE ${column} < ${isDay === true ? UTC_DAY : '$1'}${only === undefined ? '' : ` AND ${only}`}
      ORDER BY ${column} LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED
    )) RETURNING 1 AS deleted`,
  ),
});

const DAY_MS = 86_400_000;

/** How long a setting has rows kept, in milliseconds. */
const keptMs = (config: RetentionConfig, setting: RetentionSetting): number => config[setting] * DAY_MS;

/** The same rows, kept for as long as the configuration says. */
export const asConfigured = (rows: ExpiringRows, config: RetentionConfig): ExpiringRows =>
  rows.setting === null ? rows : { ...rows, keepMs: keptMs(config, rows.setting) };
