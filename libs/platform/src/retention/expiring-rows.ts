import { prepared, type PreparedStatement } from '../database/prepared-statement.js';

/** One kind of row that is deleted some time after a moment that it holds. */
export interface ExpiringRows {
  /** Plural, for the log. */
  what: string;
  /** How long a row is kept after the moment in its column, in milliseconds. */
  keepMs: number;
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
  keepMs: number;
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
export const expiringRows = ({ what, table, column, keepMs, only, isDay }: ExpiringRowsOptions): ExpiringRows => ({
  what,
  keepMs,
  statement: prepared(
    `expire_${table}`,
    `
    DELETE FROM "${table}" WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM "${table}" WHERE ${column} < ${isDay === true ? UTC_DAY : '$1'}${only === undefined ? '' : ` AND ${only}`}
      ORDER BY ${column} LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED
    )) RETURNING 1 AS deleted`,
  ),
});
