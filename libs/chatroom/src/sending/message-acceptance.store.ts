import { Clock, Database, type PreparedStatement, uuidv7 } from '@app/platform';
import {
  type DailyQuota,
  DailyQuotaExceededError,
  QuotaConfig,
  QuotaLedger,
  spendOneMessageSql,
  ExhaustedQuotaCache,
  utcDay,
} from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { ChatroomNotFoundError } from '../rooms/chatroom.errors.js';
import type { IdempotencyKey } from './idempotency-key.js';
import { IdempotencyKeyReusedError, NotLatestReplyError, ReplyInProgressError } from '../messages/message.errors.js';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';

/** For how long a repeated request gets the first answer again. */
const IDEMPOTENCY_HOURS = 24;

/** What a send has led to. */
export interface AcceptedMessage {
  message: MessageRow;
  reply: MessageRow;
  /** As it stands after the send, or at its repetition, which costs nothing. */
  quota: DailyQuota;
  /** The moment whose day the quota is of. */
  at: Date;
  replayed: boolean;
}

/** What a regeneration has led to. */
export interface AcceptedVariant {
  reply: MessageRow;
  quota: DailyQuota;
  /** The moment whose day the quota is of. */
  at: Date;
}

const QUOTA = spendOneMessageSql('room', { user: '$1', day: '$4', now: '$3', basicLimit: '$5' });

/** A new reply is due at once; the sweep looks at it two seconds later, should the bell not have been heard. */
const NEW_REPLY_COLUMNS =
  'id, chatroom_id, seq, role, status, content, created_at, reply_to, due_at, ring_at, quota_day';
const newReply = (id: string, replyTo: string): string =>
  `${id}::uuid, $2::uuid, bumped.last_seq, 'bot', 'queued', '', $3::timestamptz, ${replyTo}::uuid, now(),
   now() + interval '2 s', $4::date`;

/**
 * Accepts a message in one statement: it either happens whole or not at all, in one round trip. Each CTE feeds on the
 * one before: no room, no charge; no charge, no message. The room's lock puts its messages in one order. A key that
 * was used before breaks the statement (unique violation), so that nothing of it remains.
 */
const SEND: PreparedStatement = {
  name: 'message_send',
  text: `
    WITH room AS (
      SELECT id FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR UPDATE
    ), ${QUOTA}, bumped AS (
      UPDATE chatroom
      SET last_seq = last_seq + 2, last_message_at = $3::timestamptz, last_activity_at = $3::timestamptz,
          updated_at = $3::timestamptz
      FROM spent WHERE id = $2::uuid
      RETURNING last_seq
    ), question AS (
      INSERT INTO message (id, chatroom_id, seq, role, status, content, created_at, completed_at)
      SELECT $6::uuid, $2::uuid, bumped.last_seq - 1, 'user', 'completed', $8::text, $3::timestamptz, $3::timestamptz
      FROM bumped
    ), reply AS (
      INSERT INTO message (${NEW_REPLY_COLUMNS}) SELECT ${newReply('$7', '$6')} FROM bumped
    ), remembered AS (
      INSERT INTO idempotency_key (user_id, key, request_hash, reply_id, created_at)
      SELECT $1::uuid, $9::text, $10::bytea, $7::uuid, $3::timestamptz FROM bumped WHERE $9::text IS NOT NULL
    )
    SELECT allowance."limit", spent.used FROM allowance LEFT JOIN spent ON true`,
};

/** As {@link SEND}, for one more reply to the room's latest question. The older variant leaves the lists. */
const REGENERATE: PreparedStatement = {
  name: 'message_regenerate',
  text: `
    WITH locked AS (
      SELECT id, last_seq FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR UPDATE
    ), target AS (
      SELECT m.id, m.reply_to, m.seq = locked.last_seq AS latest, m.status IN ('queued', 'generating') AS unfinished
      FROM locked JOIN message m ON m.chatroom_id = locked.id AND m.id = $6::uuid AND m.role = 'bot'
    ), room AS (
      SELECT id FROM target WHERE latest AND NOT unfinished
    ), ${QUOTA}, bumped AS (
      UPDATE chatroom
      SET last_seq = last_seq + 1, last_message_at = $3::timestamptz, last_activity_at = $3::timestamptz,
          updated_at = $3::timestamptz
      FROM spent WHERE id = $2::uuid
      RETURNING last_seq
    ), replaced AS (
      UPDATE message SET superseded = true FROM bumped WHERE message.id = $6::uuid
    ), reply AS (
      INSERT INTO message (${NEW_REPLY_COLUMNS}) SELECT ${newReply('$7', 'target.reply_to')} FROM bumped, target
    )
    SELECT target.reply_to, target.latest, target.unfinished, allowance."limit", spent.used
    FROM target LEFT JOIN allowance ON true LEFT JOIN spent ON true`,
};

const FIND_KEY: PreparedStatement = {
  name: 'idempotency_key_find',
  text: `
    SELECT k.request_hash, ${MESSAGE_COLUMNS}
    FROM idempotency_key k
    JOIN message reply ON reply.id = k.reply_id
    JOIN message ON message.id IN (reply.id, reply.reply_to)
    WHERE k.user_id = $1::uuid AND k.key = $2::text AND k.created_at > $3::timestamptz`,
};

const FORGET_KEY: PreparedStatement = {
  name: 'idempotency_key_forget',
  text: `DELETE FROM idempotency_key WHERE user_id = $1::uuid AND key = $2::text AND created_at <= $3::timestamptz`,
};

/** Takes messages in: the moment at which the promise begins that each gets exactly one stored outcome. */
@Injectable()
export class MessageAcceptance {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly quotaConfig: QuotaConfig,
    private readonly ledger: QuotaLedger,
    private readonly spent: ExhaustedQuotaCache,
  ) {}

  /**
   * Stores the user's message and a queued reply, and charges the daily quota.
   *
   * @throws ChatroomNotFoundError, DailyQuotaExceededError, IdempotencyKeyReusedError
   */
  async send(
    userId: string,
    chatroomId: string,
    content: string,
    key: IdempotencyKey | null,
  ): Promise<AcceptedMessage> {
    const now = this.clock.now();
    const message = newMessage({ chatroom_id: chatroomId, role: 'user', content, created_at: now, completed_at: now });
    const reply = newMessage({
      chatroom_id: chatroomId,
      role: 'bot',
      content: '',
      created_at: now,
      reply_to: message.id,
    });
    const values = [
      ...[userId, chatroomId, now, utcDay(now), this.quotaConfig.BASIC_DAILY_MESSAGES],
      ...[message.id, reply.id, content, key?.key ?? null, key?.requestHash ?? null],
    ];
    // A second try is needed only where the key was in use and its time has run out.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const outcome = await this.database
        .run<{ limit: number | null; used: number | null }>(SEND, values)
        .catch(keyInUse);
      const quota = outcome?.[0];
      if (quota?.used != null)
        return { message, reply, quota: { limit: quota.limit, used: quota.used }, at: now, replayed: false };
      const earlier = key === null ? null : await this.replay(userId, key, now);
      if (earlier !== null) return earlier;
      if (quota !== undefined) throw this.refusal(userId, quota.limit, now);
      if (outcome !== null) throw new ChatroomNotFoundError();
    }
    throw new IdempotencyKeyReusedError();
  }

  /**
   * Queues a new variant of the room's latest reply, and charges the daily quota.
   *
   * @returns null when the room has no such reply
   * @throws NotLatestReplyError, ReplyInProgressError, DailyQuotaExceededError
   */
  async regenerate(userId: string, chatroomId: string, replyId: string): Promise<AcceptedVariant | null> {
    const now = this.clock.now();
    const reply = newMessage({ chatroom_id: chatroomId, role: 'bot', content: '', created_at: now });
    const values = [userId, chatroomId, now, utcDay(now), this.quotaConfig.BASIC_DAILY_MESSAGES, replyId, reply.id];
    const [outcome] = await this.database.run<RegenerateOutcome>(REGENERATE, values);
    if (outcome === undefined) return null;
    if (!outcome.latest) throw new NotLatestReplyError();
    if (outcome.unfinished) throw new ReplyInProgressError();
    const { limit, used } = outcome;
    if (used === null) throw this.refusal(userId, limit, now);
    return { reply: { ...reply, reply_to: outcome.reply_to }, quota: { limit, used }, at: now };
  }

  private refusal(userId: string, limit: number | null, now: Date): DailyQuotaExceededError {
    this.spent.add(userId, utcDay(now));
    return new DailyQuotaExceededError(limit ?? 0, now);
  }

  /** The first answer to this key, as it was then; null when there is none (any more). */
  private async replay(
    userId: string,
    { key, requestHash }: IdempotencyKey,
    now: Date,
  ): Promise<AcceptedMessage | null> {
    const oldest = new Date(now.getTime() - IDEMPOTENCY_HOURS * 3_600_000);
    const rows = await this.database.run<MessageRow & { request_hash: Buffer }>(FIND_KEY, [userId, key, oldest]);
    const message = rows.find((row) => row.role === 'user');
    const reply = rows.find((row) => row.role === 'bot');
    if (message === undefined || reply === undefined) {
      await this.database.run(FORGET_KEY, [userId, key, oldest]);
      return null;
    }
    if (!reply.request_hash.equals(requestHash)) throw new IdempotencyKeyReusedError();
    const quota = await this.ledger.read(userId);
    const first = newMessage({ ...reply, content: '', completed_at: null });
    return { message, reply: first, quota, at: now, replayed: true };
  }
}

interface RegenerateOutcome {
  reply_to: string;
  latest: boolean;
  unfinished: boolean;
  limit: number | null;
  used: number | null;
}

/** Null instead of the error that says that the idempotency key is in use. */
function keyInUse(error: unknown): null {
  if (error instanceof DatabaseError && error.constraint === 'idempotency_key_pkey') return null;
  throw error;
}

/** A message as it is when it has just been accepted. */
function newMessage(
  known: Pick<MessageRow, 'chatroom_id' | 'role' | 'content' | 'created_at'> & Partial<MessageRow>,
): MessageRow {
  return {
    id: known.id ?? uuidv7(),
    chatroom_id: known.chatroom_id,
    role: known.role,
    status: known.role === 'user' ? 'completed' : 'queued',
    content: known.content,
    created_at: known.created_at,
    completed_at: known.completed_at ?? null,
    reply_to: known.reply_to ?? null,
    model: null,
    finish_reason: null,
    prompt_tokens: null,
    reply_tokens: null,
    error_code: null,
    error_detail: null,
  };
}
