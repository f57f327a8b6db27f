import { Clock, Database, prepared, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { PlanCatalogue } from '../catalogue/plan-catalogue.js';
import { planOfUserSql } from '../plan/plan-sql.js';
import { recordUsageSql, usageDaySql } from './record-usage.js';
import type { Purpose, UsedTokens } from './used-tokens.js';

/** A call to the model that is about to be made. */
export interface BeginningCall {
  userId: string;
  /** As it is asked for, which is what the catalogue prices. */
  model: string;
  purpose: Purpose;
  /** An estimate: what counts should the worker die. */
  promptTokens: number;
}

/** A call that has just been recorded in the ledger. */
export interface RecordedCall extends UsedTokens {
  model: string;
  /** `probe`: it was made for no account, to find out whether the model can be reached. */
  purpose: Purpose | 'probe';
  /** The plan that its user is on. */
  plan: string;
  /** Its use is not known. */
  estimated: boolean;
}

/** How many calls one statement settles at most. */
export const STALE_BATCH_SIZE = 500;

// The user's row is locked, so that no call begins for one who is being deleted: it would be recorded nowhere.
const BEGIN = prepared<{ id: string }>(
  'model_call_begin',
  `
    INSERT INTO model_call (id, user_id, model, purpose, prompt_tokens)
    SELECT $1::uuid, id, $3, $4, $5::int FROM "user" WHERE id = $2::uuid FOR KEY SHARE
    RETURNING id`,
);

const BEGIN_PROBE = prepared<{ id: string }>(
  'model_call_begin_probe',
  `INSERT INTO model_call (id, model, purpose, prompt_tokens) VALUES ($1::uuid, $2, 'probe', $3::int) RETURNING id`,
);

/**
 * The row is deleted by whoever records the call, in the same statement: so each call is recorded once.
 *
 * @param ended a CTE of deleted rows of `model_call`
 * @param used a CTE of one row with what the call used, null where that is not known
 */
const settleSql = (ended: string, used: string, now: string, catalogue: string): string => `
    ended AS (${ended} RETURNING user_id, started_at, model, purpose, prompt_tokens
    ), used AS (${used}
    ), calls AS (
      SELECT ended.user_id, ${usageDaySql('ended.started_at')} AS day, ended.model, ended.purpose, 1 AS calls,
             CASE WHEN used.prompt_tokens IS NULL THEN 1 ELSE 0 END AS estimated_calls,
             COALESCE(used.prompt_tokens, ended.prompt_tokens) AS prompt_tokens,
             COALESCE(used.cached_tokens, 0) AS cached_tokens, COALESCE(used.thought_tokens, 0) AS thought_tokens,
             COALESCE(used.reply_tokens, 0) AS reply_tokens, COALESCE(used.searches, 0) AS searches
      FROM ended, used
    ), ${recordUsageSql('calls')}
    SELECT model, purpose, estimated_calls > 0 AS estimated, prompt_tokens AS "promptTokens",
           cached_tokens AS "cachedTokens", thought_tokens AS "thoughtTokens", reply_tokens AS "replyTokens",
           searches, plan
    FROM calls CROSS JOIN LATERAL ${planOfUserSql('calls.user_id', now, catalogue)}`;

const SETTLE = prepared<RecordedCall>(
  'model_call_settle',
  `WITH ${settleSql(
    'DELETE FROM model_call WHERE id = $1::uuid',
    `SELECT $4::int AS prompt_tokens, $5::int AS cached_tokens, $6::int AS thought_tokens, $7::int AS reply_tokens,
       $8::int AS searches`,
    '$2',
    '$3',
  )}`,
);

const SETTLE_STALE = prepared<RecordedCall>(
  'model_call_settle_stale',
  `
    WITH stale AS MATERIALIZED (
      SELECT id FROM model_call WHERE started_at < now() - $1::int * interval '1 ms'
      ORDER BY started_at LIMIT ${STALE_BATCH_SIZE} FOR UPDATE SKIP LOCKED
    ), ${settleSql(
      'DELETE FROM model_call WHERE id = ANY (ARRAY(SELECT id FROM stale))',
      `SELECT NULL::int AS prompt_tokens, NULL::int AS cached_tokens, NULL::int AS thought_tokens, NULL::int AS reply_tokens,
         NULL::int AS searches`,
      '$2',
      '$3',
    )}`,
);

/**
 * The calls under way that no reply's row stands for, such as those for titles. A call's row is there from before it is made
 * until its use is recorded, so that none is forgotten, whoever dies.
 */
@Injectable()
export class ModelCallStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /**
   * To be called before the model is.
   *
   * @returns the call's id for {@link settle}; null when the account no longer exists: the call is not to be made
   */
  async begin({ userId, model, purpose, promptTokens }: BeginningCall): Promise<string | null> {
    const [call] = await this.database.run(BEGIN, [uuidv7(), userId, model, purpose, promptTokens]);
    return call?.id ?? null;
  }

  /**
   * The same for a call that is made for no account.
   *
   * @param promptTokens an estimate, as in {@link BeginningCall}
   * @returns the call's id
   */
  async beginProbe(model: string, promptTokens: number): Promise<string> {
    const id = uuidv7();
    await this.database.run(BEGIN_PROBE, [id, model, promptTokens]);
    return id;
  }

  /**
   * Ends a call and records what it used.
   *
   * @param used null: not known, so the estimate of its prompt counts
   * @returns null when the call was recorded before, as an estimate
   */
  async settle(callId: string, used: UsedTokens | null): Promise<RecordedCall | null> {
    const [recorded] = await this.database.run(SETTLE, [
      ...[callId, this.clock.now(), this.catalogue.sqlParameter],
      ...[used?.promptTokens ?? null, used?.cachedTokens ?? null],
      ...[used?.thoughtTokens ?? null, used?.replyTokens ?? null, used?.searches ?? null],
    ]);
    return recorded ?? null;
  }

  /**
   * Records estimates of calls whose worker must have died, at most {@link STALE_BATCH_SIZE}. Those that another worker is
   * recording are skipped.
   *
   * @param olderThanMs longer than any call takes
   */
  settleStale(olderThanMs: number): Promise<RecordedCall[]> {
    return this.database.run(SETTLE_STALE, [olderThanMs, this.clock.now(), this.catalogue.sqlParameter]);
  }
}
