import { type DueReply, type PastExchange, type ReplyErrorCode, turnsBeforeSql } from '@app/chatroom';
import { Clock, Database, prepared } from '@app/platform';
import { DEFAULT_PLAN, type Plan, PlanCatalogue, refundOneMessageSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import type { ModelUsage } from '../model/language-model.port.js';
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
  /** The model to ask. */
  model: string;
  /** Whether the room chose the model, and it isn't the plan's default. */
  ownModel: boolean;
  /** The owner's plan. */
  plan: Plan;
  /** Model calls that ended in a retryable failure. */
  failures: number;
  /** The error that the reply would end with if there were no further attempt. */
  lastFailure: ReplyErrorCode | null;
  /** Milliseconds until the overall deadline; below zero once it has passed. */
  deadlineInMs: number;
  cancelRequested: boolean;
}

/** A claimed reply as it is read. `model`: the room's own choice; null: none. */
type ClaimedRow = Omit<ClaimedReply, 'model' | 'ownModel' | 'plan'> & { model: string | null };

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

const UNFINISHED = `('queued', 'generating')`;

/**
 * A room's replies are produced in order: one is only claimed when it is the first unfinished one. The subquery is bounded
 * by its index condition, however long the room and however old the statistics.
 */
const headOfRoom = (reply: string): string => `${reply}.seq = (
  SELECT head.seq FROM message head
  WHERE head.chatroom_id = ${reply}.chatroom_id AND head.completed_at IS NULL
  ORDER BY head.seq LIMIT 1)`;

const milliseconds = (placeholder: string): string => `${placeholder}::int * interval '1 ms'`;

/**
 * Brings along what the model needs, so that the answer waits for no further round trip. Stored times are rounded to
 * milliseconds, also upwards: what is due at once must be so in the very same one.
 */
const CLAIM = prepared<ClaimedRow>(
  'reply_claim',
  `
    UPDATE message reply
    SET status = 'generating', attempt = reply.attempt + 1, due_at = now() + ${milliseconds('$2')},
        content = CASE WHEN reply.cancel_requested_at IS NULL THEN '' ELSE reply.content END,
        deadline_at = COALESCE(reply.deadline_at, now() + ${milliseconds('$3')})
    FROM chatroom, message question
    WHERE reply.id = $1::uuid AND reply.status IN ${UNFINISHED} AND ${headOfRoom('reply')}
      AND reply.due_at <= now() + interval '1 ms'
      AND chatroom.id = reply.chatroom_id AND question.id = reply.reply_to
    RETURNING reply.id, reply.attempt, reply.chatroom_id AS "chatroomId", chatroom.user_id AS "userId",
      question.content AS prompt, ${turnsBeforeSql('reply.chatroom_id', 'question.seq')} AS "newestTurns",
      reply.content, chatroom.title, chatroom.system_instruction AS "systemInstruction", chatroom.model,
      reply.failures, reply.last_failure AS "lastFailure",
      reply.cancel_requested_at IS NOT NULL AS "cancelRequested",
      GREATEST(extract(epoch FROM reply.deadline_at - now()) * 1000, -1)::int AS "deadlineInMs"`,
);

const EXTEND = prepared<HeldLease>(
  'reply_extend',
  `
    UPDATE message reply
    SET due_at = now() + ${milliseconds('$4')}, content = COALESCE(extension.content, reply.content)
    FROM unnest($1::uuid[], $2::int[], $3::text[]) AS extension (id, attempt, content)
    WHERE reply.id = extension.id AND reply.attempt = extension.attempt AND reply.status = 'generating'
    RETURNING reply.id, reply.cancel_requested_at IS NOT NULL AS "cancelRequested"`,
);

/** A reply that is to stop is due at once: the next worker that claims it only has to end it. */
const PAUSE = `CASE WHEN cancel_requested_at IS NULL THEN ${milliseconds('$3')} ELSE interval '0' END`;

const RELEASE = prepared<{ cancelRequested: boolean }>(
  'reply_release',
  `
    UPDATE message
    SET status = 'queued', failures = failures + $4::int, last_failure = COALESCE($5, last_failure),
        due_at = now() + ${PAUSE}, next_enqueue_at = now() + ${PAUSE} + interval '2 s'
    WHERE id = $1::uuid AND attempt = $2::int AND status = 'generating'
    RETURNING cancel_requested_at IS NOT NULL AS "cancelRequested"`,
);

/** Only the newest attempt writes, and only while there is no outcome. */
const FINISH = prepared<{ id: string }>(
  'reply_finish',
  `
    WITH ended AS (
      UPDATE message reply
      SET status = $3::message_status, content = $4, completed_at = $5::timestamptz, next_enqueue_at = NULL, model = $6,
          finish_reason = $7, prompt_tokens = $8, cached_tokens = $9, thought_tokens = $10, reply_tokens = $11,
          error_code = $12, error_detail = $13
      FROM chatroom
      WHERE reply.id = $1::uuid AND reply.attempt = $2::int AND reply.status = 'generating'
        AND chatroom.id = reply.chatroom_id
      RETURNING reply.id, chatroom.user_id, reply.quota_day,
        $14::boolean AS refund
    ), ${refundOneMessageSql('ended')}
    SELECT id FROM ended`,
);

const SWEEP = prepared<DueReply>(
  'reply_sweep',
  `
    WITH head AS (
      SELECT id FROM message reply
      WHERE reply.next_enqueue_at <= now() AND reply.due_at <= now() AND ${headOfRoom('reply')}
      ORDER BY reply.next_enqueue_at LIMIT 500
      FOR UPDATE SKIP LOCKED
    )
    UPDATE message SET next_enqueue_at = now() + interval '5 s' FROM head WHERE message.id = head.id
    RETURNING message.id, message.attempt`,
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
    private readonly config: ReplyConfig,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /** Takes the reply for this worker, if it is due and the first unfinished one of its room. */
  async claim(replyId: string): Promise<ClaimedReply | null> {
    const values = [replyId, this.config.REPLY_LEASE_MS, this.config.REPLY_DEADLINE_MS];
    const [claimed] = await this.database.run(CLAIM, values);
    if (claimed === undefined) return null;
    const plan = this.catalogue.plan(DEFAULT_PLAN);
    const model = claimed.model ?? plan.defaultModel;
    return { ...claimed, plan, model, ownModel: model !== plan.defaultModel };
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
   * @returns the milliseconds until it is due, zero for one that is to stop; null when it wasn't held any more
   */
  async release(
    reply: ClaimedReply,
    delayMs: number,
    failure: ReplyErrorCode | null,
    counted: boolean,
  ): Promise<number | null> {
    const values = [reply.id, reply.attempt, Math.round(delayMs), counted ? 1 : 0, failure];
    const [released] = await this.database.run(RELEASE, values);
    if (released === undefined) return null;
    return released.cancelRequested ? 0 : delayMs;
  }

  /**
   * Stores the outcome and settles the quota, once.
   *
   * @returns false when the reply wasn't held any more: the outcome is discarded
   */
  async finish(reply: Pick<ClaimedReply, 'id' | 'attempt'>, final: FinalReply): Promise<boolean> {
    const { status, content, model, finishReason, usage, error } = final;
    const rows = await this.database.run(FINISH, [
      ...[reply.id, reply.attempt, status, content, this.clock.now(), model, finishReason],
      ...[usage?.promptTokens ?? null, usage?.cachedTokens ?? null],
      ...[usage?.thoughtTokens ?? null, usage?.replyTokens ?? null],
      ...[error?.code ?? null, error?.detail ?? null, isRefunded(final)],
    ]);
    return rows.length > 0;
  }

  /** Due replies that no job has brought to a worker; each is given out once in five seconds. */
  async sweep(): Promise<DueReply[]> {
    return await this.database.run(SWEEP, []);
  }
}
