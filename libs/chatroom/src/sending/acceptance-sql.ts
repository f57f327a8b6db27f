/*
 * What the statements that accept messages have in common. Their first parameters are the user, the room, the time, its UTC day and
 * the catalogue; `$7` is the id of the new reply.
 */
import { type DailyQuota, planNumberSql, planOfUserSql, spendOneMessageSql } from '@app/subscription';

/** The quota after a statement: `used` null when it was exhausted. */
export type SpentQuota = Pick<DailyQuota, 'plan' | 'limit'> & { used: number | null; othersWait: boolean };

/** `longest`: the plan's `maxMessageCharacters`, null where every plan's is enough. The rest is null where it is not enough. */
export type SendOutcome = SpentQuota & { longest: number | null };

/** A CTE that stores the idempotency key, if there is one. */
export const remembered = (key: string, requestHash: string): string => `remembered AS (
      INSERT INTO idempotency_key (user_id, key, request_hash, chatroom_id, reply_id, created_at)
      SELECT $1::uuid, ${key}::text, ${requestHash}::bytea, $2::uuid, $7::uuid, $3::timestamptz FROM bumped WHERE ${key}::text IS NOT NULL
    )`;

/** Whether other replies of the user are due and wait for a worker. */
export const OTHERS_WAIT = `EXISTS (
  SELECT FROM message other
  WHERE other.user_id = $1::uuid AND other.completed_at IS NULL AND other.status = 'queued' AND other.due_at <= now()
) AS "othersWait"`;

/**
 * @param onlyFor the CTE without whose row nothing is spent
 * @param closed the placeholder of whether the default plan is refused
 */
export const quota = (onlyFor: string, closed: string): string =>
  spendOneMessageSql(onlyFor, { user: '$1', day: '$4', now: '$3', catalogue: '$5', closed });

/** A CTE that moves the room on by so many messages, once they are paid for, and has the position of the last. */
export const bumped = (messages: number): string => `bumped AS (
      UPDATE chatroom
      SET last_seq = last_seq + ${messages}, last_message_at = $3::timestamptz, last_activity_at = $3::timestamptz,
          updated_at = $3::timestamptz
      FROM spent WHERE id = $2::uuid
      RETURNING last_seq
    )`;

/** The sender's `maxMessageCharacters`. */
export const LONGEST_MESSAGE = `
  SELECT ${planNumberSql('plan', '$5', 'maxMessageCharacters')}
  FROM ${planOfUserSql('$1::uuid', '$3', '$5')}`;

/**
 * A CTE that stores the question in `$8`, right before its reply.
 *
 * @param id the placeholder of its id
 * @param withFiles whether it has those of the CTE `attached`
 */
export const newQuestion = (id: string, withFiles: boolean): string => `question AS (
      INSERT INTO message (id, user_id, chatroom_id, seq, role, status, content, created_at, completed_at${withFiles ? ', files' : ''})
      SELECT ${id}::uuid, $1::uuid, $2::uuid, bumped.last_seq - 1, 'user', 'completed', $8::text, $3::timestamptz, $3::timestamptz${withFiles ? ', attached.files' : ''}
      FROM bumped${withFiles ? ', attached' : ''}
    )`;

/** A new reply is due at once; the sweep enqueues it two seconds later, should enqueueing have failed. */
export const NEW_REPLY_COLUMNS =
  'id, user_id, chatroom_id, seq, role, status, content, created_at, reply_to, due_at, next_enqueue_at, quota_day, request_id, trace_parent';
export const newReply = (id: string, replyTo: string, requestId: string, traceParent: string): string =>
  `${id}::uuid, $1::uuid, $2::uuid, bumped.last_seq, 'bot', 'queued', '', $3::timestamptz, ${replyTo}::uuid, now(),
   now() + interval '2 s', $4::date, ${requestId}::text, ${traceParent}::text`;
