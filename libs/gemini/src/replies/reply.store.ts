import { Clock, Database, CrashPoints, type PreparedStatement } from '@app/platform';
import { refundOneMessageSql } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { type Turn, turnsBeforeSql } from '../../../chatroom/src/messages/past-turns.store.js';
import { MESSAGE_COLUMNS, type MessageRow, type ReplyErrorCode } from '../../../chatroom/src/messages/message.row.js';
import type { DueReply } from '../../../chatroom/src/replies/reply-jobs.service.js';
import { ReplyConfig } from '../../../chatroom/src/replies/reply.config.js';

/** A reply that this worker holds, with what it takes to answer. Valid while nobody claims it with a higher fence. */
export interface ClaimedReply {
  id: string;
  fence: number;
  chatroom_id: string;
  user_id: string;
  prompt: string;
  /** The beginning of what was said before the question, newest first: see `Conversation`. */
  newest_turns: Turn[];
  /** What an earlier attempt wrote, kept only for a reply that is to stop. */
  content: string;
  title: string | null;
  system_instruction: string | null;
  /** The room's own choice; null: the deployment's default. */
  model: string | null;
  failures: number;
  last_failure: ReplyErrorCode | null;
  /** Milliseconds until the overall deadline; below zero once it has passed. */
  deadline_in_ms: number;
  cancel_requested: boolean;
}

/** A reply's final state. */
export interface FinalReply {
  status: 'completed' | 'cancelled' | 'failed' | 'blocked';
  content: string;
  model: string | null;
  finishReason: string | null;
  usage: { promptTokens: number; replyTokens: number } | null;
  error: { code: ReplyErrorCode; detail: string } | null;
}

/** A sign of life for one held reply. `content` null: nothing new was written since the last one. */
export interface Heartbeat {
  id: string;
  fence: number;
  content: string | null;
}

const UNFINISHED = `('queued', 'generating')`;

/** A room's replies are produced in order: one is only claimed when none before it is unfinished. */
const headOfRoom = (reply: string): string => `NOT EXISTS (
  SELECT 1 FROM message earlier
  WHERE earlier.chatroom_id = ${reply}.chatroom_id AND earlier.seq < ${reply}.seq AND earlier.status IN ${UNFINISHED})`;

const milliseconds = (placeholder: string): string => `${placeholder}::int * interval '1 ms'`;

/**
 * Brings along what the model needs, so that nobody waits for one more round trip. Stored times are rounded to
 * milliseconds, also upwards: what is due at once must be so in the very same one.
 */
const CLAIM: PreparedStatement = {
  name: 'reply_claim',
  text: `
    UPDATE message reply
    SET status = 'generating', fence = reply.fence + 1, due_at = now() + ${milliseconds('$2')},
        content = CASE WHEN reply.cancel_requested_at IS NULL THEN '' ELSE reply.content END,
        deadline_at = COALESCE(reply.deadline_at, now() + ${milliseconds('$3')})
    FROM chatroom, message question
    WHERE reply.id = $1::uuid AND reply.status IN ${UNFINISHED} AND ${headOfRoom('reply')}
      AND reply.due_at <= now() + interval '1 ms'
      AND chatroom.id = reply.chatroom_id AND question.id = reply.reply_to
    RETURNING reply.id, reply.fence, reply.chatroom_id, chatroom.user_id, question.content AS prompt,
      ${turnsBeforeSql('reply.chatroom_id', 'question.seq')} AS newest_turns,
      reply.content, chatroom.title, chatroom.system_instruction, chatroom.model,
      reply.failures, reply.last_failure, reply.cancel_requested_at IS NOT NULL AS cancel_requested,
      GREATEST(extract(epoch FROM reply.deadline_at - now()) * 1000, -1)::int AS deadline_in_ms`,
};

/** @param mine what makes the reply ours to keep */
const beat = (name: string, mine: string): PreparedStatement => ({
  name,
  text: `
    UPDATE message reply
    SET due_at = now() + ${milliseconds('$4')}, content = COALESCE(beat.content, reply.content)
    FROM unnest($1::uuid[], $2::int[], $3::text[]) AS beat (id, fence, content)
    WHERE reply.id = beat.id AND ${mine}
    RETURNING reply.id, reply.cancel_requested_at IS NOT NULL AS cancel_requested`,
});

/** A reply that is to stop is due at once: whoever claims it next only has to end it. */
const PAUSE = `CASE WHEN cancel_requested_at IS NULL THEN ${milliseconds('$3')} ELSE interval '0' END`;

const RELEASE: PreparedStatement = {
  name: 'reply_release',
  text: `
    UPDATE message
    SET status = 'queued', failures = failures + $4::int, last_failure = COALESCE($5, last_failure),
        due_at = now() + ${PAUSE}, ring_at = now() + ${PAUSE} + interval '2 s'
    WHERE id = $1::uuid AND fence = $2::int AND status = 'generating'
    RETURNING cancel_requested_at IS NOT NULL AS cancel_requested`,
};

/** @param mine what makes the reply ours to end */
const finish = (name: string, mine: string): PreparedStatement => ({
  name,
  text: `
    WITH ended AS (
      UPDATE message reply
      SET status = $3::message_status, content = $4, completed_at = $5::timestamptz, model = $6, finish_reason = $7,
          prompt_tokens = $8, reply_tokens = $9, error_code = $10, error_detail = $11
      FROM chatroom
      WHERE reply.id = $1::uuid AND ${mine} AND chatroom.id = reply.chatroom_id
      RETURNING reply.id, chatroom.user_id, reply.quota_day,
        reply.status IN ('failed', 'blocked') OR (reply.status = 'cancelled' AND reply.content = '') AS refund
    ), ${refundOneMessageSql('ended')}
    SELECT id FROM ended`,
});

/** The fence: only the holder of the newest claim writes, and only while there is no outcome. */
const FENCED = {
  beat: beat('reply_beat', `reply.fence = beat.fence AND reply.status = 'generating'`),
  finish: finish('reply_finish', `reply.fence = $2::int AND reply.status = 'generating'`),
};
const UNFENCED = {
  beat: beat('reply_beat_unfenced', 'beat.fence > 0'),
  finish: finish('reply_finish_unfenced', '$2::int > 0'),
};

/** A reply that no living worker holds ends here and now; a held one is marked, and its worker ends it. */
const CANCEL: PreparedStatement = {
  name: 'reply_cancel',
  text: `
    WITH target AS (
      SELECT reply.id, chatroom.user_id, reply.status = 'queued' OR reply.due_at <= now() AS at_once
      FROM message reply JOIN chatroom ON chatroom.id = reply.chatroom_id
      WHERE reply.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid
        AND reply.status IN ${UNFINISHED}
      FOR UPDATE OF reply
    ), ended AS (
      UPDATE message
      SET cancel_requested_at = COALESCE(cancel_requested_at, now()),
          status = CASE WHEN at_once THEN 'cancelled' ELSE status END,
          completed_at = CASE WHEN at_once THEN $4::timestamptz END
      FROM target WHERE message.id = target.id
      RETURNING ${MESSAGE_COLUMNS}, target.user_id, message.quota_day,
        message.status = 'cancelled' AND message.content = '' AS refund
    ), ${refundOneMessageSql('ended')}
    SELECT ${MESSAGE_COLUMNS} FROM ended message`,
};

const NEXT_IN_ROOM: PreparedStatement = {
  name: 'reply_next_in_room',
  text: `
    SELECT next.id, next.fence
    FROM message done JOIN message next ON next.chatroom_id = done.chatroom_id AND next.seq > done.seq
    WHERE done.id = $1::uuid AND next.status IN ${UNFINISHED}
    ORDER BY next.seq LIMIT 1`,
};

const SWEEP: PreparedStatement = {
  name: 'reply_sweep',
  text: `
    WITH head AS (
      SELECT id FROM message reply
      WHERE reply.status IN ${UNFINISHED} AND reply.ring_at <= now() AND reply.due_at <= now() AND ${headOfRoom('reply')}
      ORDER BY reply.ring_at LIMIT 500
      FOR UPDATE SKIP LOCKED
    )
    UPDATE message SET ring_at = now() + interval '5 s' FROM head WHERE message.id = head.id
    RETURNING message.id, message.fence`,
};

/**
 * The life of a reply in PostgreSQL: queued → claimed (generating) → one final state. Each transition is one conditional
 * statement, so it needs no lock of ours, and a worker that lost its claim writes nothing.
 */
@Injectable()
export class ReplyStore {
  private readonly guarded: typeof FENCED;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: ReplyConfig,
    faults: CrashPoints,
  ) {
    this.guarded = faults.switchedOff('fence') ? UNFENCED : FENCED;
  }

  /** Takes the reply for this worker, if it is due and the first unfinished one of its room. */
  async claim(replyId: string): Promise<ClaimedReply | null> {
    const values = [replyId, this.config.REPLY_LEASE_MS, this.config.REPLY_DEADLINE_MS];
    const [claimed] = await this.database.run<ClaimedReply>(CLAIM, values);
    return claimed ?? null;
  }

  /**
   * Extends the leases of held replies and stores what was written so far.
   *
   * @returns those still held, and whether their reader asked to stop; a missing one belongs to somebody else now
   */
  async beat(beats: Heartbeat[]): Promise<Map<string, { cancelRequested: boolean }>> {
    const columns = [beats.map((beat) => beat.id), beats.map((beat) => beat.fence), beats.map((beat) => beat.content)];
    const values = [...columns, this.config.REPLY_LEASE_MS];
    const rows = await this.database.run<{ id: string; cancel_requested: boolean }>(this.guarded.beat, values);
    return new Map(rows.map((row) => [row.id, { cancelRequested: row.cancel_requested }]));
  }

  /**
   * Gives the reply back for another attempt.
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
    const values = [reply.id, reply.fence, Math.round(delayMs), counted ? 1 : 0, failure];
    const [released] = await this.database.run<{ cancel_requested: boolean }>(RELEASE, values);
    return released === undefined ? null : released.cancel_requested ? 0 : delayMs;
  }

  /**
   * Stores the outcome and settles the quota, once.
   *
   * @returns false when the reply wasn't held any more: the outcome is thrown away
   */
  async finish(reply: Pick<ClaimedReply, 'id' | 'fence'>, final: FinalReply): Promise<boolean> {
    const rows = await this.database.run(this.guarded.finish, [
      ...[reply.id, reply.fence, final.status, final.content, this.clock.now(), final.model, final.finishReason],
      ...[final.usage?.promptTokens ?? null, final.usage?.replyTokens ?? null],
      ...[final.error?.code ?? null, final.error?.detail ?? null],
    ]);
    return rows.length > 0;
  }

  /**
   * Ends the user's unfinished reply, or asks the worker that holds it to.
   *
   * @returns the reply (`cancelled`, or still `generating` until its worker heard of it); null: there is no such unfinished reply
   */
  async cancel(userId: string, chatroomId: string, replyId: string): Promise<MessageRow | null> {
    const [row] = await this.database.run<MessageRow>(CANCEL, [userId, chatroomId, replyId, this.clock.now()]);
    return row ?? null;
  }

  /**
   * The reply whose turn it is after this one has ended. To be asked after the end is committed: whoever came too late
   * for this query has rung after that, and finds the way free.
   */
  async nextInRoom(replyId: string): Promise<DueReply | null> {
    const [next] = await this.database.run<DueReply>(NEXT_IN_ROOM, [replyId]);
    return next ?? null;
  }

  /** Due replies that no ring has brought to a worker; each is given out once in five seconds. */
  async sweep(): Promise<DueReply[]> {
    return await this.database.run<DueReply>(SWEEP, []);
  }
}
