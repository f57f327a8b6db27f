import {
  headsOfUserSql,
  interruptedCallsSql,
  nextOfUserSql,
  type PastExchange,
  type ReplyErrorCode,
  turnsBeforeSql,
  type WaitingReply,
} from '@app/chatroom';
import { Clock, Database, prepared } from '@app/platform';
import {
  type Plan,
  PlanCatalogue,
  planLimitSql,
  planNumberSql,
  planOfUserSql,
  recordUsageSql,
  refundMessagesSql,
  usageDaySql,
} from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { ModelUsage } from '../model/language-model.port.js';
import type { ModelPauseReason } from '../model/model-pause.store.js';
import { ReplyConfig } from './reply.config.js';

/** A reply that this worker holds, with what it takes to answer. Valid while no claim has made a newer attempt. */
export interface ClaimedReply {
  id: string;
  /** The number of this attempt: the fencing token of all writes. */
  attempt: number;
  chatroomId: string;
  userId: string;
  prompt: string;
  /** The beginning of what was said before the question, newest first: see `PastTurnStore`. */
  newestTurns: PastExchange[];
  /** What an earlier attempt wrote, kept only for a reply that is to stop. */
  content: string;
  title: string | null;
  systemInstruction: string | null;
  /** The model that is to answer: the room's own, if the plan has it, and the plan's default otherwise. */
  model: string;
  /** Whether the model is the room's own choice, and not the plan's default anyway. */
  ownModel: boolean;
  /** The plan of its user. */
  plan: Plan;
  /** The model was paused for this reason, and this reply tries whether it works again; null: it was not. */
  probes: ModelPauseReason | null;
  /** Model calls that ended in a retryable failure. */
  failures: number;
  /** The error that the reply would end with if there were no further attempt. */
  lastFailure: ReplyErrorCode | null;
  /** Milliseconds until the overall deadline; below zero once it has passed. */
  deadlineInMs: number;
  cancelRequested: boolean;
}

/**
 * What came of trying to claim a reply. `paused`: its model is. `busy`: an earlier reply of its room is unfinished, or its user
 * has as many under way as the plan allows; the end of one of those brings it.
 */
export type ClaimOutcome =
  | { type: 'claimed'; claim: ClaimedReply }
  | { type: 'paused'; attempt: number; model: string }
  | { type: 'busy' }
  /** It is finished, held by another worker, or not due. */
  | { type: 'taken' };

/** A model call that an attempt made, and what it used. */
export interface AttemptedCall {
  /** As it was asked for. */
  model: string;
  tokens: ModelUsage;
  isEstimate: boolean;
}

/** The four kinds of tokens as parameters. */
const tokenValues = (used: ModelUsage | null): (number | null)[] => [
  ...[used?.promptTokens ?? null, used?.cachedTokens ?? null],
  ...[used?.thoughtTokens ?? null, used?.replyTokens ?? null],
];

/** {@link AttemptedCall} as the parameters of `endedCallSql`. */
const callValues = (call: AttemptedCall | null): unknown[] => [
  ...[call?.model ?? null, call?.isEstimate ?? false],
  ...tokenValues(call?.tokens ?? null),
];

/** A reply's final state. */
export interface FinalReply {
  status: 'completed' | 'cancelled' | 'failed' | 'blocked';
  content: string;
  model: string | null;
  finishReason: string | null;
  usage: ModelUsage | null;
  error: { code: ReplyErrorCode; detail: string } | null;
}

/** Failures that are the vendor's or the operator's, so that no user's quota pays for them. */
const NOT_THE_READERS: ReadonlySet<ReplyErrorCode> = new Set([
  'model_unavailable',
  'model_rate_limited',
  'model_misconfigured',
]);

/** Whether the reply costs nothing: its reader got no text, or the fault was the vendor's or the operator's. */
export const isRefunded = ({ content, error }: FinalReply): boolean =>
  content.trim() === '' || (error !== null && NOT_THE_READERS.has(error.code));

/** What is known once a reply has ended. */
export interface FinishedReply {
  /** The next reply of the user; null: none waited as the end began. */
  next: WaitingReply | null;
  /** Whether a claim has found this reply in the way of another, which may have come too late for `next`. */
  awaited: boolean;
}

/** The extension of one reply's lease. `content` null: nothing new was written since the last one. */
export interface LeaseExtension {
  id: string;
  attempt: number;
  content: string | null;
}

/** A lease that is still held. */
export interface HeldLease {
  id: string;
  /** The reader asked to stop. */
  cancelRequested: boolean;
}

/** More than the replies of one user that any plan lets run at once. */
const MAX_CLAIM_TRIES = 200;

const UNFINISHED = `('queued', 'generating')`;

/**
 * The first unfinished reply of a reply's room. A room's replies are produced in order: only that one is claimed. The subquery
 * is bounded by its index condition, however long the room and however old the statistics.
 */
const headOfRoom = (reply: string): string => `(
  SELECT head.id FROM message head
  WHERE head.user_id = ${reply}.user_id AND head.chatroom_id = ${reply}.chatroom_id AND head.completed_at IS NULL
  ORDER BY head.user_id, head.chatroom_id, head.seq LIMIT 1)`;

const milliseconds = (placeholder: string): string => `${placeholder}::int * interval '1 ms'`;

/** How long the one reply that tries a paused model may take to hear from it, before another one tries. */
const PROBE_MS = 15_000;

/** The row of a claim: `id` null where it failed. */
type ClaimRow = Omit<ClaimedReply, 'id' | 'plan' | 'ownModel'> & {
  id: string | null;
  plan: string;
  askedAttempt: number;
  /** Its worker has died. */
  isInterrupted: boolean;
  isStartable: boolean;
  isPaused: boolean;
  blockers: string[];
};

/** Of a reply that is to be claimed: it waits, or its worker has died. */
type ClaimedStatus = 'queued' | 'generating';

/** CTEs up to `decision`: whether the reply `$1` may be claimed, and what stands against it. No row unless it is due. */
const DECISION = `
    asked AS (
      SELECT reply.id, reply.user_id, reply.chatroom_id, reply.seq, reply.status, reply.attempt, reply.reply_to,
        reply.asked_model, octet_length(reply.content) AS written,
        reply.cancel_requested_at IS NOT NULL OR COALESCE(reply.deadline_at <= now(), false) AS only_ends
      FROM message reply
      WHERE reply.id = $1::uuid AND reply.status IN ${UNFINISHED} AND reply.due_at <= now() + interval '1 ms'
    ), planned AS (
      SELECT plan, room.model AS wanted
      FROM asked JOIN chatroom room ON room.id = asked.chatroom_id
      CROSS JOIN LATERAL ${planOfUserSql('asked.user_id', 'now()', '$4')}
    ), allowance AS (
      SELECT plan, ${planNumberSql('plan', '$4', 'concurrentReplies')} AS concurrent,
        CASE WHEN ${planLimitSql('plan', '$4', 'models')} ? wanted THEN wanted
             ELSE ${planLimitSql('plan', '$4', 'defaultModel')} #>> '{}' END AS model
      FROM planned
    ), pause AS (
      SELECT p.failure, p.resume_at <= now() AND COALESCE(p.probe_until <= now(), true) AS awaits_probe
      FROM allowance JOIN model_pause p ON p.model = allowance.model
    ), running AS (
      SELECT COALESCE(array_agg(other.id), '{}') AS ids
      FROM asked JOIN reply_concurrency known ON known.user_id = asked.user_id
      CROSS JOIN unnest(known.running) taken (id)
      JOIN message other ON other.id = taken.id AND other.status = 'generating' AND other.id <> asked.id
    ), head AS (
      SELECT ${headOfRoom('asked')} AS id FROM asked
    ), decision AS (
      SELECT asked.*, allowance.plan, allowance.model, running.ids AS running,
        CASE WHEN head.id <> asked.id THEN ARRAY[head.id] ELSE running.ids END AS blockers,
        head.id = asked.id AND (asked.status = 'generating' OR cardinality(running.ids) < allowance.concurrent)
          AS startable,
        NOT asked.only_ends AND EXISTS (SELECT FROM pause) AS paused,
        COALESCE((SELECT awaits_probe FROM pause), false) AS awaits_probe
      FROM asked, head, allowance, running
    )`;

/**
 * Claims a reply, and brings along what the model needs, so that the answer waits for no further round trip.
 *
 * `running` are the user's replies that are being written, by the list that the last claim left. `place` replaces that list,
 * and fails when another claim has replaced it since this statement began: so claims of one user can't overrun its limit
 * together, and those of different users never wait for each other. Of the replies that wait for a paused model one
 * becomes its `probe`. The deadline that a deferral has set counts only while the model is paused: what was never asked of a
 * model has all of its time afterwards. Stored times are rounded to milliseconds, also upwards: what is due at once must be
 * so in the very same one.
 *
 * @param status of the replies that it claims. Only those whose worker has died have a call to record: each part of a
 *   statement costs PostgreSQL time, even one that finds nothing to do
 */
const claimSql = (status: ClaimedStatus): string => `
    WITH ${DECISION}, place AS (
      INSERT INTO reply_concurrency AS known (user_id, version, running)
      SELECT user_id, 1 + COALESCE((SELECT version FROM reply_concurrency earlier WHERE earlier.user_id = d.user_id), 0),
        running || id
      FROM decision d WHERE startable AND status = '${status}' AND (NOT paused OR awaits_probe)
      ON CONFLICT (user_id) DO UPDATE SET version = EXCLUDED.version, running = EXCLUDED.running
        WHERE known.version = EXCLUDED.version - 1
      RETURNING user_id
    ), probe AS (
      UPDATE model_pause p SET probe_until = now() + interval '${PROBE_MS} ms'
      FROM place, decision d
      WHERE d.paused AND p.model = d.model AND p.resume_at <= now() AND COALESCE(p.probe_until <= now(), true)
      RETURNING p.failure
    ), claimed AS (
      UPDATE message reply
      SET status = 'generating', attempt = reply.attempt + 1, due_at = now() + ${milliseconds('$2')}, asked_model = d.model,
          content = CASE WHEN reply.cancel_requested_at IS NULL THEN '' ELSE reply.content END,
          deadline_at = CASE WHEN reply.deadline_at IS NULL OR (reply.attempt = 0 AND NOT EXISTS (SELECT FROM pause))
                             THEN now() + ${milliseconds('$3')} ELSE reply.deadline_at END
      FROM place, decision d, chatroom, message question
      WHERE reply.id = d.id AND reply.attempt = d.attempt AND reply.status = d.status
        AND (NOT d.paused OR EXISTS (SELECT FROM probe))
        AND chatroom.id = reply.chatroom_id AND question.id = reply.reply_to
      RETURNING reply.id, reply.attempt, reply.chatroom_id AS "chatroomId", reply.user_id AS "userId",
        question.content AS prompt, ${turnsBeforeSql('reply.chatroom_id', 'question.seq')} AS "newestTurns",
        reply.content, chatroom.title, chatroom.system_instruction AS "systemInstruction",
        reply.failures, reply.last_failure AS "lastFailure",
        reply.cancel_requested_at IS NOT NULL AS "cancelRequested",
        GREATEST(extract(epoch FROM reply.deadline_at - now()) * 1000, -1)::int AS "deadlineInMs"
    )${status === 'generating' ? `, interrupted AS (SELECT d.* FROM decision d, claimed), ${interruptedCallsSql('interrupted')}, ${recordUsageSql('calls')}` : ''}
    SELECT claimed.*, d.plan, d.model, (SELECT failure FROM probe) AS probes,
      d.attempt AS "askedAttempt", d.status = 'generating' AS "isInterrupted", d.startable AS "isStartable", d.blockers, d.paused AND NOT d.awaits_probe AS "isPaused"
    FROM decision d LEFT JOIN claimed ON true`;

const CLAIM = prepared<ClaimRow>('reply_claim', claimSql('queued'));
const CLAIM_INTERRUPTED = prepared<ClaimRow>('reply_claim_interrupted', claimSql('generating'));

/**
 * Tells unfinished replies that another one waits for them: see {@link ReplyStore.claim}. One that is just being finished is
 * waited for. `unfinished` counts those that will know of it at their end.
 */
const AWAIT = prepared<{ unfinished: number }>(
  'reply_await',
  `
    WITH blocker AS (
      SELECT awaited FROM message WHERE id = ANY ($1::uuid[]) AND status IN ${UNFINISHED}
    ), locked AS (
      SELECT id FROM message WHERE id = ANY ($1::uuid[]) AND status IN ${UNFINISHED} AND NOT awaited
      ORDER BY chatroom_id, seq FOR NO KEY UPDATE
    ), marked AS (
      UPDATE message SET awaited = true FROM locked WHERE message.id = locked.id RETURNING message.id
    )
    SELECT ((SELECT count(*) FROM blocker WHERE awaited) + (SELECT count(*) FROM marked))::int AS unfinished`,
);

/**
 * Puts off a reply whose model is paused, without an attempt. Those that wait come back one after another: one when the pause is
 * over, and twice as many in each second as in the one before. One whose worker died waits as well; what the call of that
 * worker used is recorded as an estimate.
 */
const DEFER = prepared<{ dueInMs: number }>(
  'reply_defer',
  `
    WITH waiting AS (
      SELECT id, attempt, status, user_id, chatroom_id, reply_to, asked_model, octet_length(content) AS written,
        COALESCE(deadline_at, now() + ${milliseconds('$4')}) AS deadline_at
      FROM message
      WHERE id = $1::uuid AND attempt = $2::int AND status IN ${UNFINISHED} AND due_at <= now() + interval '1 ms'
    ), turn AS (
      UPDATE model_pause SET deferred = deferred + 1 FROM waiting WHERE model = $3
      RETURNING waiting.*, failure, LEAST(waiting.deadline_at,
        CASE WHEN resume_at > now() THEN resume_at + ln(deferred) / ln(2) * interval '1 s'
             ELSE now() + (1 + 2 * random()) * interval '1 s' END) AS at
    ), deferred AS (
      UPDATE message reply
      SET status = 'queued', last_failure = turn.failure, deadline_at = turn.deadline_at, due_at = turn.at,
          next_enqueue_at = turn.at + interval '2 s'
      FROM turn
      WHERE reply.id = turn.id AND reply.attempt = turn.attempt AND reply.status = turn.status
      RETURNING reply.due_at
    ), interrupted AS (
      SELECT turn.* FROM turn, deferred WHERE turn.status = 'generating'
    ), ${interruptedCallsSql('interrupted')}, ${recordUsageSql('calls')}
    SELECT GREATEST(ceil(extract(epoch FROM due_at - now()) * 1000), 0)::int AS "dueInMs" FROM deferred`,
);

/** Locks the rows in the order of all statements that lock several, so that none of them ends in a deadlock. */
const EXTEND = prepared<HeldLease>(
  'reply_extend',
  `
    WITH held AS (
      SELECT reply.id, extension.content
      FROM unnest($1::uuid[], $2::int[], $3::text[]) AS extension (id, attempt, content)
      JOIN message reply ON reply.id = extension.id AND reply.attempt = extension.attempt AND reply.status = 'generating'
      ORDER BY reply.chatroom_id, reply.seq
      FOR UPDATE OF reply
    )
    UPDATE message reply
    SET due_at = now() + ${milliseconds('$4')}, content = COALESCE(held.content, reply.content)
    FROM held WHERE reply.id = held.id
    RETURNING reply.id, reply.cancel_requested_at IS NOT NULL AS "cancelRequested"`,
);

/** A reply that is to stop is due at once: the next worker that claims it only has to end it. None is due after its deadline. */
const DUE = `CASE WHEN cancel_requested_at IS NULL THEN LEAST(now() + ${milliseconds('$3')}, deadline_at) ELSE now() END`;

/**
 * The CTE `calls` for `recordUsageSql`: the model call that an attempt made, if any.
 *
 * @param reply an earlier CTE with the `user_id`
 * @param first the number of the first of six placeholders: the model asked, null for no call; whether its use is an estimate;
 *   and the four kinds of tokens
 */
const endedCallSql = (reply: string, first: number): string => `
  calls AS (
    SELECT user_id, ${usageDaySql()} AS day, $${first}::text AS model, 'reply' AS purpose, 1 AS calls,
      $${first + 1}::boolean::int AS estimated_calls, $${first + 2}::int AS prompt_tokens, $${first + 3}::int AS cached_tokens,
      $${first + 4}::int AS thought_tokens, $${first + 5}::int AS reply_tokens
    FROM ${reply} WHERE $${first}::text IS NOT NULL
  )`;

const RELEASE = prepared<{ dueInMs: number }>(
  'reply_release',
  `
    WITH released AS (
      UPDATE message
      SET status = 'queued', failures = failures + $4::int, last_failure = COALESCE($5, last_failure),
          due_at = ${DUE}, next_enqueue_at = ${DUE} + interval '2 s',
          content = CASE WHEN cancel_requested_at IS NULL THEN content ELSE COALESCE($12, content) END
      WHERE id = $1::uuid AND attempt = $2::int AND status = 'generating'
      RETURNING user_id, due_at
    ), ${endedCallSql('released', 6)}, ${recordUsageSql('calls')}
    -- Stored times are rounded to milliseconds.
    SELECT GREATEST(ceil(extract(epoch FROM due_at - now()) * 1000 - 0.5), 0)::int AS "dueInMs" FROM released`,
);

/** What `FINISH` returns: `nextId` null where no other reply of the user waits. */
interface FinishRow {
  userId: string;
  awaited: boolean;
  nextId: string | null;
  nextAttempt: number;
}

/**
 * Only the newest attempt writes, and only while there is no outcome. The next reply is one that waited as the statement
 * began; `awaited` is read from the locked row, so it also tells of one that has begun to wait since.
 *
 * @param refunds whether the message is refunded
 */
const finishSql = (refunds: boolean): string => `
    WITH RECURSIVE ended AS (
      UPDATE message reply
      SET status = $3::message_status, content = $4, completed_at = $5::timestamptz, next_enqueue_at = NULL, model = $6,
          finish_reason = $7, prompt_tokens = $8, cached_tokens = $9, thought_tokens = $10, reply_tokens = $11,
          error_code = $12, error_detail = $13
      WHERE reply.id = $1::uuid AND reply.attempt = $2::int AND reply.status = 'generating'
      RETURNING reply.user_id, reply.chatroom_id, reply.seq, reply.awaited, reply.quota_day, true AS refund
    ), ${endedCallSql('ended', 14)}, ${recordUsageSql('calls')}, ${refunds ? `${refundMessagesSql('ended')},` : ''} ${nextOfUserSql('ended', true)}
    SELECT ended.user_id AS "userId", ended.awaited, next.id AS "nextId", next.attempt AS "nextAttempt"
    FROM ended LEFT JOIN next ON true`;

const FINISH = prepared<FinishRow>('reply_finish', finishSql(false));
const FINISH_REFUNDED = prepared<FinishRow>('reply_finish_refunded', finishSql(true));

/** A due reply that no job has brought to a worker. */
export interface OverdueReply extends WaitingReply {
  /**
   * Whether its job takes turns with those of other users: that of the first reply of a user who has none under way, and that
   * of a reply whose worker has died. All others are for workers that have nothing else to do, since the end of a reply
   * enqueues the user's next one in turn.
   */
  isInTurn: boolean;
}

/**
 * Goes by users rather than by replies: of each user with something overdue it takes as many of the first replies of
 * rooms as may be written at once. What is overdue and can't start is passed over for a while, too.
 */
const SWEEP = prepared<OverdueReply>(
  'reply_sweep',
  `
    WITH overdue AS (
      SELECT id, user_id FROM message
      WHERE next_enqueue_at <= now() AND due_at <= now()
      ORDER BY next_enqueue_at LIMIT 500
      FOR UPDATE SKIP LOCKED
    ), passed AS (
      UPDATE message SET next_enqueue_at = now() + LEAST(4.5 + place / 2.0, 60) * interval '1 s'
      FROM (SELECT id, row_number() OVER (PARTITION BY user_id) AS place FROM overdue) overdue
      WHERE message.id = overdue.id
    ), owner AS (
      SELECT DISTINCT user_id FROM overdue
    ), planned AS (
      SELECT owner.user_id, plan FROM owner CROSS JOIN LATERAL ${planOfUserSql('owner.user_id', 'now()', '$1')}
    )
    SELECT due.id, due.attempt, planned.user_id AS "userId", due.status = 'generating' OR (due.place = 1 AND NOT EXISTS (
      SELECT FROM reply_concurrency known CROSS JOIN unnest(known.running) taken (id)
      JOIN message other ON other.id = taken.id AND other.status = 'generating' AND other.due_at > now()
      WHERE known.user_id = planned.user_id)) AS "isInTurn"
    FROM planned CROSS JOIN LATERAL (
      WITH RECURSIVE me AS (SELECT planned.user_id), ${headsOfUserSql('head', 'me', 'true')}
      SELECT id, attempt, status, row_number() OVER () AS place FROM (
        SELECT id, attempt, status FROM head
        WHERE due_at <= now() LIMIT ${planNumberSql('planned.plan', '$1', 'concurrentReplies')}
      ) first
    ) due`,
);

/**
 * The worker's transitions in the life of a reply: queued → claimed (generating) → one final state. Each is one
 * conditional statement, so it needs no lock of ours, and a worker that lost its claim writes nothing (docs/replies.md).
 */
@Injectable()
export class ReplyStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
    private readonly config: ReplyConfig,
  ) {}

  /**
   * Takes the reply for this worker, if it is due, the first unfinished one of its room, its model is not paused, and its
   * user has no more replies under way than the plan allows.
   *
   * A reply that is found busy has no job any more, so the replies that it waits for are told: the end of each of them then
   * asks for the user's next one, even if it began too early to see this one. If one has ended meanwhile, the claim is tried
   * again.
   */
  async claim(replyId: string): Promise<ClaimOutcome> {
    const { REPLY_LEASE_MS: lease, REPLY_DEADLINE_MS: deadline } = this.config;
    // Repeated where another claim or an end of the same user came between.
    for (let tries = 0; tries < MAX_CLAIM_TRIES; tries++) {
      const values = [replyId, lease, deadline, this.catalogue.sqlParameter];
      let [row] = await this.database.run(CLAIM, values);
      if (row?.isInterrupted) [row] = await this.database.run(CLAIM_INTERRUPTED, values);
      if (row === undefined) return { type: 'taken' };
      const { id, plan, askedAttempt, isStartable, isPaused, blockers, ...claimed } = row;
      if (id !== null) return { type: 'claimed', claim: this.complete({ ...claimed, id }, plan) };
      if (!isStartable && (await this.await(blockers))) return { type: 'busy' };
      if (!isStartable) continue;
      if (isPaused) return { type: 'paused', attempt: askedAttempt, model: claimed.model };
    }
    return { type: 'busy' };
  }

  /** Tells the replies that another one waits for them. @returns false when one of them has ended */
  private async await(blockers: string[]): Promise<boolean> {
    const [told] = await this.database.run(AWAIT, [blockers]);
    return told?.unfinished === blockers.length;
  }

  private complete(claimed: Omit<ClaimedReply, 'plan' | 'ownModel'>, planName: string): ClaimedReply {
    const plan = this.catalogue.plan(planName);
    return { ...claimed, plan, ownModel: claimed.model !== plan.defaultModel };
  }

  /**
   * Puts off a reply whose model is paused. Its deadline runs from now on, if it doesn't yet.
   *
   * @param attempt the last one
   * @returns the milliseconds until it is due; null when it doesn't wait any more, or the pause is over
   */
  async defer(replyId: string, attempt: number, model: string): Promise<number | null> {
    const [deferred] = await this.database.run(DEFER, [replyId, attempt, model, this.config.REPLY_DEADLINE_MS]);
    return deferred?.dueInMs ?? null;
  }

  /**
   * Extends the leases of replies and stores what was written so far.
   *
   * @returns the leases that are still held, by id; another worker has claimed the reply of a missing one
   */
  async extend(extensions: LeaseExtension[]): Promise<Map<string, HeldLease>> {
    const values = [
      extensions.map(({ id }) => id),
      extensions.map(({ attempt }) => attempt),
      extensions.map(({ content }) => content),
      this.config.REPLY_LEASE_MS,
    ];
    const held = await this.database.run(EXTEND, values);
    return new Map(held.map((lease) => [lease.id, lease]));
  }

  /**
   * Releases the reply for another attempt.
   *
   * @param failure why this attempt failed; null: it didn't
   * @param counted whether an attempt is spent
   * @param call the model call that was made; null: none was
   * @param text what the attempt wrote, kept of a reply that is to stop; null: what is stored of it is kept
   * @returns the milliseconds until it is due, zero for one that is to stop; null when it wasn't held any more
   */
  async release(
    reply: ClaimedReply,
    delayMs: number,
    failure: ReplyErrorCode | null,
    counted: boolean,
    call: AttemptedCall | null = null,
    text: string | null = null,
  ): Promise<number | null> {
    const ended = [Math.round(delayMs), counted ? 1 : 0, failure, ...callValues(call)];
    const values = [reply.id, reply.attempt, ...ended, text];
    const [released] = await this.database.run(RELEASE, values);
    return released?.dueInMs ?? null;
  }

  /**
   * Stores the outcome, settles the quota and records what the model used, once.
   *
   * @param call the model call that was made; null: none was
   * @returns null when the reply wasn't held any more: the outcome is discarded
   */
  async finish(
    reply: Pick<ClaimedReply, 'id' | 'attempt'>,
    final: FinalReply,
    call: AttemptedCall | null = null,
  ): Promise<FinishedReply | null> {
    const { status, content, finishReason, usage, error } = final;
    const model = final.model ?? (content === '' ? null : (call?.model ?? null));
    const [ended] = await this.database.run(isRefunded(final) ? FINISH_REFUNDED : FINISH, [
      ...[reply.id, reply.attempt, status, content, this.clock.now(), model, finishReason],
      ...tokenValues(usage),
      ...[error?.code ?? null, error?.detail ?? null],
      ...callValues(call),
    ]);
    if (ended === undefined) return null;
    const { userId, awaited, nextId, nextAttempt } = ended;
    return { next: nextId === null ? null : { id: nextId, attempt: nextAttempt, userId }, awaited };
  }

  /** Due replies that no job has brought to a worker: of each user as many as may be written at once, once in five seconds. */
  async sweep(): Promise<OverdueReply[]> {
    return await this.database.run(SWEEP, [this.catalogue.sqlParameter]);
  }
}
