import {
  type Grounding,
  headsOfUserSql,
  interruptedCallsSql,
  type MessageAddress,
  nextOfUserSql,
  type ReplyErrorCode,
  type WaitingReply,
} from '@app/chatroom';
import { Clock, Database, prepared } from '@app/platform';
import {
  PlanCatalogue,
  planNumberSql,
  planOfUserSql,
  recordUsageSql,
  refundMessagesSql,
  usageDaySql,
} from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { ModelUsage } from '../model/language-model.port.js';
import { ReplyConfig } from './reply.config.js';
import {
  AWAIT,
  CLAIM,
  CLAIM_INTERRUPTED,
  type ClaimedReply,
  JOIN_RUNNING,
  milliseconds,
  type ReplyOrigin,
  UNFINISHED,
} from '../claims/reply-claim-sql.js';

/**
 * What came of trying to claim a reply. `paused`: its model is. `busy`: an earlier reply of its room is unfinished, or its user
 * has as many under way as the plan allows; the end of one of those brings it.
 */
export type ClaimOutcome =
  | { type: 'claimed'; claim: ClaimedReply }
  | { type: 'paused'; attempt: number; model: string; origin: ReplyOrigin }
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

/** {@link AttemptedCall} as the parameters of `endedCallSql`, but for its searches. */
const callValues = (call: AttemptedCall | null): unknown[] => [
  ...[call?.model ?? null, call?.isEstimate ?? false],
  ...tokenValues(call?.tokens ?? null),
];

/** A reply's final state. */
export interface FinalReply {
  status: 'completed' | 'cancelled' | 'failed' | 'blocked';
  content: string;
  /** What the model told of its thoughts; null or absent: nothing. */
  thoughts?: string | null;
  model: string | null;
  finishReason: string | null;
  usage: ModelUsage | null;
  /** What it is founded on; null or absent: nothing, or it isn't known. */
  grounding?: Grounding | null;
  error: { code: ReplyErrorCode; detail: string } | null;
}

/** Tokens and error of a final state as parameters. */
const howItEnded = ({ usage, error }: FinalReply): unknown[] => [
  ...tokenValues(usage),
  ...[error?.code ?? null, error?.detail ?? null],
];

/** Thoughts and grounding of a final state as parameters. */
const besideText = ({ thoughts = null, grounding = null }: FinalReply): unknown[] => [
  thoughts,
  grounding === null ? null : JSON.stringify(grounding),
];

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

/** The extension of one reply's lease. Of content and thoughts null: nothing new was written since the last one. */
export interface LeaseExtension extends MessageAddress {
  attempt: number;
  content: string | null;
  thoughts: string | null;
}

/** A lease that is still held. */
export interface HeldLease {
  id: string;
  /** The reader asked to stop. */
  cancelRequested: boolean;
}

const originOf = ({ chatroomId, userId, requestId, traceParent }: ReplyOrigin): ReplyOrigin => ({
  chatroomId,
  userId,
  requestId,
  traceParent,
});

/** More than the replies of one user that any plan lets run at once. */
const MAX_CLAIM_TRIES = 200;

/**
 * Puts off a reply whose model is paused, without an attempt. Those that wait come back one after another: one when the pause is
 * over, and twice as many in each second as in the one before. One whose worker died waits as well; what the call of that
 * worker used is recorded as an estimate.
 */
const DEFER = prepared<{ dueInMs: number }>(
  'reply_defer',
  `
    WITH waiting AS (
      SELECT id, attempt, status, user_id, chatroom_id, reply_to, asked_model, asked_tokens, octet_length(content) AS written,
        COALESCE(deadline_at, now() + ${milliseconds('$4')}) AS deadline_at
      FROM message
      WHERE chatroom_id = $5::uuid AND id = $1::uuid AND attempt = $2::int AND status IN ${UNFINISHED}
        AND due_at <= now() + interval '1 ms'
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
      WHERE reply.chatroom_id = $5::uuid AND reply.id = turn.id AND reply.attempt = turn.attempt AND reply.status = turn.status
      RETURNING reply.due_at
    ), interrupted AS (
      SELECT turn.* FROM turn, deferred WHERE turn.status = 'generating'
    ), ${interruptedCallsSql('interrupted')}, ${recordUsageSql('calls')}
    SELECT GREATEST(ceil(extract(epoch FROM due_at - now()) * 1000), 0)::int AS "dueInMs" FROM deferred`,
);

/** Only the newest attempt may say what its call is sent. The claim of the next one takes it back. */
const BEGIN_CALL = prepared<{ id: string }>(
  'reply_begin_call',
  `UPDATE message SET asked_tokens = $4::int
   WHERE chatroom_id = $1::uuid AND id = $2::uuid AND attempt = $3::int AND status = 'generating'
   RETURNING id`,
);

/** Locks the rows in the order of all statements that lock several, so that none of them ends in a deadlock. */
const EXTEND = prepared<HeldLease>(
  'reply_extend',
  `
    WITH held AS (
      SELECT reply.chatroom_id, reply.id, extension.content, extension.thoughts
      FROM unnest($1::uuid[], $2::int[], $3::text[], $5::uuid[], $6::text[])
        AS extension (id, attempt, content, chatroom_id, thoughts)
      JOIN message reply ON reply.chatroom_id = extension.chatroom_id AND reply.id = extension.id
        AND reply.attempt = extension.attempt AND reply.status = 'generating'
      ORDER BY reply.chatroom_id, reply.seq
      FOR UPDATE OF reply
    )
    UPDATE message reply
    SET due_at = now() + ${milliseconds('$4')}, content = COALESCE(held.content, reply.content),
        thoughts = COALESCE(held.thoughts, reply.thoughts)
    FROM held WHERE reply.chatroom_id = held.chatroom_id AND reply.id = held.id
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
 * @param searches the number of the placeholder of its searches
 */
const endedCallSql = (reply: string, first: number, searches: number): string => `
  calls AS (
    SELECT user_id, ${usageDaySql()} AS day, $${first}::text AS model, 'reply' AS purpose, 1 AS calls,
      $${first + 1}::boolean::int AS estimated_calls, $${first + 2}::int AS prompt_tokens, $${first + 3}::int AS cached_tokens,
      $${first + 4}::int AS thought_tokens, $${first + 5}::int AS reply_tokens, $${searches}::int AS searches
    FROM ${reply} WHERE $${first}::text IS NOT NULL
  )`;

const RELEASE = prepared<{ dueInMs: number }>(
  'reply_release',
  `
    WITH released AS (
      UPDATE message
      SET status = 'queued', failures = failures + $4::int, last_failure = COALESCE($5, last_failure),
          due_at = ${DUE}, next_enqueue_at = ${DUE} + interval '2 s',
          content = CASE WHEN cancel_requested_at IS NULL THEN content ELSE COALESCE($12, content) END,
          thoughts = CASE WHEN cancel_requested_at IS NULL THEN thoughts ELSE COALESCE($14, thoughts) END
      WHERE chatroom_id = $13::uuid AND id = $1::uuid AND attempt = $2::int AND status = 'generating'
      RETURNING user_id, due_at
    ), ${endedCallSql('released', 6, 15)}, ${recordUsageSql('calls')}
    -- Stored times are rounded to milliseconds.
    SELECT GREATEST(ceil(extract(epoch FROM due_at - now()) * 1000 - 0.5), 0)::int AS "dueInMs" FROM released`,
);

/** What `FINISH` returns: `nextId` null where no other reply of the user waits. */
interface FinishRow {
  userId: string;
  awaited: boolean;
  nextId: string | null;
  nextChatroomId: string;
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
          error_code = $12, error_detail = $13, thoughts = $21, grounding = $22::jsonb
      WHERE reply.chatroom_id = $20::uuid AND reply.id = $1::uuid AND reply.attempt = $2::int AND reply.status = 'generating'
      RETURNING reply.user_id, reply.chatroom_id, reply.seq, reply.awaited, reply.quota_day, true AS refund
    ), ${endedCallSql('ended', 14, 23)}, ${recordUsageSql('calls')}, ${refunds ? `${refundMessagesSql('ended')},` : ''} ${nextOfUserSql('ended', true)}
    SELECT ended.user_id AS "userId", ended.awaited, next.id AS "nextId", next.chatroom_id AS "nextChatroomId",
      next.attempt AS "nextAttempt"
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
 * Goes by users rather than by replies: of each user with something overdue it takes the replies whose workers have died, and
 * as many of the first replies of rooms as may be written at once. Those of dead workers count among the replies under way until
 * they are claimed anew, so the others may be waiting for just them. What is overdue and can't start is passed over for a
 * while, too.
 */
const SWEEP = prepared<OverdueReply>(
  'reply_sweep',
  `
    WITH overdue AS (
      SELECT chatroom_id, id, user_id FROM message
      WHERE next_enqueue_at <= now() AND due_at <= now()
      ORDER BY next_enqueue_at LIMIT 500
      FOR UPDATE SKIP LOCKED
    ), passed AS (
      UPDATE message SET next_enqueue_at = now() + LEAST(4.5 + place / 2.0, 60) * interval '1 s'
      FROM (SELECT chatroom_id, id, row_number() OVER (PARTITION BY user_id) AS place FROM overdue) overdue
      WHERE message.chatroom_id = overdue.chatroom_id AND message.id = overdue.id
    ), owner AS (
      SELECT DISTINCT user_id FROM overdue
    ), planned AS (
      SELECT owner.user_id, plan FROM owner CROSS JOIN LATERAL ${planOfUserSql('owner.user_id', 'now()', '$1')}
    )
    SELECT due.id, due.chatroom_id AS "chatroomId", due.attempt, planned.user_id AS "userId", due.in_turn AS "isInTurn"
    FROM planned CROSS JOIN LATERAL (
      WITH RECURSIVE me AS (SELECT planned.user_id), running AS (
        SELECT other.chatroom_id, other.id, other.attempt, other.due_at <= now() AS interrupted
        FROM reply_concurrency known ${JOIN_RUNNING}
        WHERE known.user_id = planned.user_id
      ), ${headsOfUserSql('head', 'me', 'true')}
      SELECT chatroom_id, id, attempt, true AS in_turn FROM running WHERE interrupted
      UNION ALL
      SELECT chatroom_id, id, attempt, status = 'generating' OR (row_number() OVER () = 1 AND NOT EXISTS (SELECT FROM running))
      FROM (
        SELECT chatroom_id, id, attempt, status FROM head
        WHERE due_at <= now() AND id NOT IN (SELECT id FROM running)
        LIMIT ${planNumberSql('planned.plan', '$1', 'concurrentReplies')}
      ) first
    ) due`,
);

/**
 * Where only an id is known: in a job of the release before. The one statement that needs the unique index on `id`, and that
 * goes with it (docs/scaling.md).
 */
const ROOM_OF = prepared<{ chatroomId: string }>(
  'reply_room_of',
  'SELECT chatroom_id AS "chatroomId" FROM message WHERE id = $1::uuid',
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
  async claim({ id: replyId, chatroomId }: MessageAddress): Promise<ClaimOutcome> {
    const { REPLY_LEASE_MS: lease, REPLY_DEADLINE_MS: deadline } = this.config;
    // Repeated where another claim or an end of the same user came between.
    for (let tries = 0; tries < MAX_CLAIM_TRIES; tries++) {
      const values = [replyId, lease, deadline, this.catalogue.sqlParameter, chatroomId];
      let [row] = await this.database.run(CLAIM, values);
      if (row?.isInterrupted) [row] = await this.database.run(CLAIM_INTERRUPTED, values);
      if (row === undefined) return { type: 'taken' };
      const { id, plan, askedAttempt, isStartable, isPaused, blockers, blockersRooms, ...claimed } = row;
      if (id !== null) return { type: 'claimed', claim: this.complete({ ...claimed, id }, plan) };
      if (!isStartable && (await this.await(blockers, blockersRooms))) return { type: 'busy' };
      if (!isStartable) continue;
      if (isPaused) return { type: 'paused', attempt: askedAttempt, model: claimed.model, origin: originOf(claimed) };
    }
    return { type: 'busy' };
  }

  /** Tells the replies that another one waits for them. @returns false when one of them has ended */
  private async await(blockers: string[], rooms: string[]): Promise<boolean> {
    const [told] = await this.database.run(AWAIT, [rooms, blockers]);
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
  async defer({ id, chatroomId }: MessageAddress, attempt: number, model: string): Promise<number | null> {
    const values = [id, attempt, model, this.config.REPLY_DEADLINE_MS, chatroomId];
    const [deferred] = await this.database.run(DEFER, values);
    return deferred?.dueInMs ?? null;
  }

  /**
   * Notes what a call with files is about to be sent, so that it is known should this worker die meanwhile. Calls without files do
   * without: what those are sent can be told from the messages.
   *
   * @param promptTokens an estimate, or a count, of all of it
   * @returns false when the reply isn't held any more: the call is not to be made
   */
  async beginCall(
    { id, chatroomId, attempt }: Pick<ClaimedReply, 'id' | 'chatroomId' | 'attempt'>,
    promptTokens: number,
  ): Promise<boolean> {
    return (await this.database.run(BEGIN_CALL, [chatroomId, id, attempt, promptTokens])).length > 0;
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
      extensions.map(({ chatroomId }) => chatroomId),
      extensions.map(({ thoughts }) => thoughts),
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
   * @param written what the attempt wrote, kept of a reply that is to stop; null, or empty thoughts: what is stored of it is kept
   * @returns the milliseconds until it is due, zero for one that is to stop; null when it wasn't held any more
   */
  async release(
    reply: ClaimedReply,
    delayMs: number,
    failure: ReplyErrorCode | null,
    counted: boolean,
    call: AttemptedCall | null = null,
    written: { text: string; thoughts: string } | null = null,
  ): Promise<number | null> {
    const ended = [Math.round(delayMs), counted ? 1 : 0, failure, ...callValues(call)];
    const texts = [written?.text ?? null, reply.chatroomId, written?.thoughts || null];
    const values = [reply.id, reply.attempt, ...ended, ...texts, call?.tokens.searches ?? null];
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
    reply: Pick<ClaimedReply, 'id' | 'chatroomId' | 'attempt'>,
    final: FinalReply,
    call: AttemptedCall | null = null,
  ): Promise<FinishedReply | null> {
    const { status, content, finishReason } = final;
    const model = final.model ?? (content === '' ? null : (call?.model ?? null));
    const [ended] = await this.database.run(isRefunded(final) ? FINISH_REFUNDED : FINISH, [
      ...[reply.id, reply.attempt, status, content, this.clock.now(), model, finishReason],
      ...howItEnded(final),
      ...callValues(call),
      ...[reply.chatroomId, ...besideText(final), call?.tokens.searches ?? null],
    ]);
    if (ended === undefined) return null;
    const { userId, awaited, nextId, nextChatroomId: chatroomId, nextAttempt: attempt } = ended;
    return { next: nextId === null ? null : { id: nextId, chatroomId, attempt, userId }, awaited };
  }

  /** The room of a reply; null when there is no such reply. */
  async roomOf(replyId: string): Promise<string | null> {
    const [row] = await this.database.run(ROOM_OF, [replyId]);
    return row?.chatroomId ?? null;
  }

  /** Due replies that no job has brought to a worker: of each user as many as may be written at once, once in five seconds. */
  async sweep(): Promise<OverdueReply[]> {
    return await this.database.run(SWEEP, [this.catalogue.sqlParameter]);
  }
}
