import { DEFAULT_PLAN } from '../catalogue/plan-catalogue.js';

/**
 * The plan of a user that counts at a moment: a FROM item of one row with the column `plan`, whether or not there is a
 * `subscription`. It is read live, so a plan counts from the very next message. A paid plan that the catalogue has no more
 * counts as the lowest paid one. While an operator's grant lasts, it counts if its plan is the higher one; no synchronisation with
 * Stripe touches it.
 *
 * @param user an SQL expression, such as `$1::uuid`
 * @param now an SQL expression, such as `$3`
 * @param catalogue the placeholder of `PlanCatalogue.sqlParameter`
 */
export const planOfUserSql = (user: string, now: string, catalogue: string): string => `(
  SELECT CASE WHEN ${height('granted', catalogue)} > ${height('paid', catalogue)} THEN granted ELSE paid END AS plan
  FROM (
    SELECT g.plan AS granted,
      CASE WHEN s.plan IS NULL OR s.plan = '${DEFAULT_PLAN}' OR s.plan_expires_at <= ${now}::timestamptz THEN '${DEFAULT_PLAN}'
           WHEN ${catalogue}::jsonb -> 'plans' ? s.plan THEN s.plan ELSE ${catalogue}::jsonb ->> 'lowestPaid' END AS paid
    FROM (SELECT) account LEFT JOIN subscription s ON s.user_id = ${user}
    LEFT JOIN plan_grant g ON g.user_id = ${user} AND g.expires_at > ${now}::timestamptz) known) counting`;

/** How high the plan in a column stands in the catalogue; null: the catalogue has none of this name. */
const height = (column: string, catalogue: string): string =>
  `(${catalogue}::jsonb -> 'plans' -> ${column} ->> 'height')::int`;

/**
 * A limit of the plan in an SQL column, as an SQL expression of type jsonb: what the catalogue has under the name.
 *
 * @param limit a property of `Plan`
 */
export const planLimitSql = (column: string, catalogue: string, limit: string): string =>
  `(${catalogue}::jsonb -> 'plans' -> ${column} -> '${limit}')`;

/** As {@link planLimitSql}, as an integer; null: no limit. */
export const planNumberSql = (column: string, catalogue: string, limit: string): string =>
  `(${catalogue}::jsonb -> 'plans' -> ${column} ->> '${limit}')::int`;

/**
 * The model that answers in a room of a user, as an SQL expression of type text: the room's own, if the plan has it, and the plan's default
 * otherwise.
 *
 * @param plan an SQL column with the user's plan
 * @param wanted an SQL expression: the room's own, null for none
 */
export const answeringModelSql = (plan: string, wanted: string, catalogue: string): string =>
  `CASE WHEN ${planLimitSql(plan, catalogue, 'models')} ? ${wanted} THEN ${wanted}
             ELSE ${planLimitSql(plan, catalogue, 'defaultModel')} #>> '{}' END`;

/** The kinds of files that a model takes, as an SQL expression of type jsonb: an array of `FileKind`s. @param model an SQL expression */
export const modelFilesSql = (model: string, catalogue: string): string =>
  `(${catalogue}::jsonb -> 'files' -> ${model})`;
