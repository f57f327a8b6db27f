/** The numbers of a row of the ledger, which add up. */
const NUMBERS = [
  ...['calls', 'estimated_calls'],
  ...['prompt_tokens', 'cached_tokens', 'thought_tokens', 'reply_tokens', 'searches'],
];

const columns = NUMBERS.join(', ');
const sums = NUMBERS.map((column) => `sum(${column})`).join(', ');
const additions = NUMBERS.map((column) => `${column} = ledger.${column} + EXCLUDED.${column}`).join(', ');

/** The UTC day of a moment, as an SQL expression: a call counts for the day on which it is recorded. */
export const usageDaySql = (moment = 'now()'): string => `(${moment} AT TIME ZONE 'UTC')::date`;

/**
 * Three CTEs for a statement that ends model calls: they record in the ledger what the calls used, without a round trip of
 * their own. A CTE without a row records nothing.
 *
 * An account may be deleted at the same time. Its row is locked against that, so that the foreign key holds at the end of
 * the statement; where the deletion is under way already, the lock is not waited for (the deletion may wait for the very
 * rows that this statement holds), and the calls count as those of deleted accounts. Rows are written in the order of their
 * keys, so that two statements never wait for each other.
 *
 * @param calls the name of an earlier CTE with `user_id` (null: made for no account), `day`, `model` (as it was asked for),
 *   `purpose`, `calls`, `estimated_calls`, `prompt_tokens`, `cached_tokens`, `thought_tokens`, `reply_tokens`, `searches`; rows of
 *   the same key are added up
 */
export const recordUsageSql = (calls: string): string => `
  usage_owner AS (
    SELECT id FROM "user" WHERE id = ANY (ARRAY(SELECT user_id FROM ${calls})) FOR KEY SHARE SKIP LOCKED
  ), recorded_usage AS (
    INSERT INTO model_usage AS ledger (user_id, day, model, purpose, ${columns})
    SELECT user_id, day, model, purpose, ${sums} FROM ${calls} WHERE user_id IN (SELECT id FROM usage_owner)
    GROUP BY user_id, day, model, purpose ORDER BY user_id, day, model, purpose
    ON CONFLICT (user_id, day, model, purpose) DO UPDATE SET ${additions}
  ), recorded_erased_usage AS (
    INSERT INTO erased_model_usage AS ledger (day, model, purpose, ${columns})
    SELECT day, model, purpose, ${sums} FROM ${calls} WHERE user_id IS NULL OR user_id NOT IN (SELECT id FROM usage_owner)
    GROUP BY day, model, purpose ORDER BY day, model, purpose
    ON CONFLICT (day, model, purpose) DO UPDATE SET ${additions}
  )`;
