import { prepared } from '@app/platform';
import { planNumberSql, planOfUserSql } from '@app/subscription';
import { messageBytesSql } from '../messages/message.row.js';
import { CHATROOM_COLUMNS, type ChatroomRow } from './chatroom.row.js';

/** A fork copies at most so many messages, with at most so many bytes of what was said: one statement copies them within its time. */
const MAX_FORKED_MESSAGES = 10_000;
const MAX_FORKED_BYTES = 16_777_216;

/** Two CTEs: how many `rooms` the user's plan has (`allowance`), and how many of them are taken (`held`). */
export const roomAllowanceSql = (user: string, now: string, catalogue: string): string => `
    allowance AS (
      SELECT ${planNumberSql('plan', catalogue, 'maxChatrooms')} AS rooms
      FROM ${planOfUserSql(`${user}::uuid`, now, catalogue)}
    ), held AS (
      SELECT count(*) AS rooms
      FROM (SELECT FROM chatroom WHERE user_id = ${user}::uuid LIMIT (SELECT rooms FROM allowance)) counted
    )`;

/** What has become of a fork: the columns of the room are null where there is none. */
export type ForkOutcome = { [Column in keyof ChatroomRow]: ChatroomRow[Column] | null } & {
  hasMessage: boolean;
  unfinished: boolean;
  tooLong: boolean;
  /** The room is being deleted, and some of its files are deleted already. */
  isLost: boolean;
};

/** What is copied of how a room's model answers. */
const SETTINGS = 'thinking, temperature, max_output_tokens, show_thoughts, search';

/** What a copy takes over. Not what its original has cost, nor the state of the work on it. */
const COPIED =
  'role, status, content, created_at, completed_at, model, finish_reason, error_code, error_detail, attempt, files, thoughts, grounding';

/**
 * A UUIDv7 of the time of the message's creation, so that copies stand in a search where their originals do; those of one
 * millisecond are in the order of their places.
 */
const ID_OF_COPY = `(
        lpad(to_hex((extract(epoch FROM created_at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(place & 4095), 3, '0')
        || substr(translate(gen_random_uuid()::text, '-', ''), 17))::uuid`;

/**
 * Copies a room (`$3`) up to and with a message (`$4`) into a new one (`$1`), unless the plan has no more, with a distance (`$7`) to
 * its limit. All of it is read as of one moment, without a lock. What stood in the lists when the message was sent is what is not
 * superseded before its question: only the room's latest question and its reply can be replaced. So a variant that was replaced
 * is copied in the conversation that it was a part of. The files of the copies are locked, in the order of their ids, as by all who lock
 * several: while the copy has them they stay, whatever becomes of the original.
 */
export const FORK = prepared<ForkOutcome>(
  'chatroom_fork',
  `
    WITH source AS (
      SELECT title, system_instruction, model, ${SETTINGS} FROM chatroom WHERE id = $3::uuid AND user_id = $2::uuid
    ), target AS (
      SELECT chosen.id, asked.id AS question, asked.seq
      FROM source JOIN message chosen ON chosen.chatroom_id = $3::uuid AND chosen.id = $4::uuid
      JOIN message asked ON asked.chatroom_id = $3::uuid AND asked.id = COALESCE(chosen.reply_to, chosen.id)
    ), original AS (
      SELECT before.* FROM target CROSS JOIN LATERAL (
        SELECT id, reply_to, seq, ${COPIED} FROM message
        WHERE chatroom_id = $3::uuid AND seq < target.seq AND NOT superseded
        ORDER BY seq DESC LIMIT ${MAX_FORKED_MESSAGES}
      ) before
      UNION ALL
      SELECT message.id, reply_to, message.seq, ${COPIED}
      FROM target JOIN message ON message.chatroom_id = $3::uuid AND message.id IN (target.id, target.question)
    ), numbered AS (
      SELECT *, row_number() OVER (ORDER BY seq) AS place FROM original
    ), copy AS MATERIALIZED (
      SELECT *, ${ID_OF_COPY} AS copy_id FROM numbered
    ), facts AS (
      SELECT count(*)::int AS messages, max(created_at) AS last_message_at,
        COALESCE(bool_or(status IN ('queued', 'generating')), false) AS unfinished,
        count(*) > ${MAX_FORKED_MESSAGES} OR COALESCE(sum(${messageBytesSql('copy')}), 0) > ${MAX_FORKED_BYTES} AS too_long
      FROM copy
    ), needed AS (
      SELECT DISTINCT (file.value ->> 'id')::uuid AS id FROM copy CROSS JOIN LATERAL jsonb_array_elements(copy.files) file
    ), owned AS (
      SELECT file.id, file.delete_after FROM file
      WHERE file.user_id = $2::uuid AND file.id = ANY (ARRAY(SELECT needed.id FROM needed))
      ORDER BY file.id FOR NO KEY UPDATE
    ), files AS (
      SELECT (SELECT count(*) FROM needed) > (SELECT count(*) FROM owned) AS lost
    ), ${roomAllowanceSql('$2', '$5', '$6')}, forked AS (
      INSERT INTO chatroom (id, user_id, title, system_instruction, model, ${SETTINGS}, created_at, updated_at,
        last_message_at, last_activity_at, last_seq)
      SELECT $1::uuid, $2::uuid, source.title, source.system_instruction, source.model, ${SETTINGS}, $5::timestamptz, $5::timestamptz,
        facts.last_message_at, $5::timestamptz, facts.messages
      FROM source, target, facts, files, allowance, held
      WHERE NOT facts.unfinished AND NOT facts.too_long AND NOT files.lost AND held.rooms + $7::int < allowance.rooms
      RETURNING ${CHATROOM_COLUMNS}
    ), copied AS (
      INSERT INTO message (id, user_id, chatroom_id, seq, reply_to, ${COPIED})
      SELECT copy_id, $2::uuid, $1::uuid, place,
        CASE WHEN reply_to IS NOT NULL THEN first_value(copy_id) OVER (PARTITION BY COALESCE(reply_to, copy.id) ORDER BY seq) END,
        ${COPIED.replace('model', 'copy.model')}
      FROM copy, forked
    ), listed AS (
      INSERT INTO message_file (chatroom_id, message_id, file_id)
      SELECT $1::uuid, copy.copy_id, (file.value ->> 'id')::uuid
      FROM forked, copy CROSS JOIN LATERAL jsonb_array_elements(copy.files) file
    ), kept AS (
      UPDATE file SET delete_after = NULL FROM forked, owned WHERE file.id = owned.id AND owned.delete_after IS NOT NULL
    )
    SELECT forked.*, target.id IS NOT NULL AS "hasMessage", facts.unfinished, facts.too_long AS "tooLong", files.lost AS "isLost"
    FROM source LEFT JOIN target ON true CROSS JOIN facts CROSS JOIN files LEFT JOIN forked ON true`,
);
