import { prepared } from '@app/platform';
import {
  bumped,
  LONGEST_MESSAGE,
  NEW_REPLY_COLUMNS,
  newQuestion,
  newReply,
  OTHERS_WAIT,
  quota,
  remembered,
  type SendOutcome,
  type SpentQuota,
} from './acceptance-sql.js';
import {
  ATTACHED_COLUMNS,
  attachedFilesSql,
  type AttachedFiles,
  keepFilesSql,
  takesFilesSql,
} from './message-files-sql.js';

/**
 * Accepts a message in one statement: it either happens whole or not at all, in one round trip. Each CTE reads the
 * one before: without a room in which the message fits nothing is charged, and without a charge nothing is stored. The
 * message's length (`$12`) is null where every plan allows it, so that the plan is not read for it. The room's lock puts its
 * messages in one order. A key that was used before fails the statement (unique violation), so that nothing of it remains.
 *
 * @param withFiles whether the message has files (`$15`): a statement of its own, so that others don't pay for what they don't have
 */
const sendSql = (withFiles: boolean): string => `
    WITH room AS (
      SELECT id, ${withFiles ? 'model, ' : ''}CASE WHEN $12::int IS NOT NULL THEN (${LONGEST_MESSAGE}) END AS longest
      FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR UPDATE
    ), ${withFiles ? `wanted AS (SELECT $15::uuid[] AS ids, model AS chosen FROM room), ${attachedFilesSql('wanted')},` : ''} fitting AS (
      SELECT id FROM room${withFiles ? ', attached' : ''} WHERE (longest IS NULL OR $12::int <= longest)${withFiles ? ' AND attached.refusal IS NULL' : ''}
    ), ${quota('fitting', '$11')}, ${bumped(2)}, ${newQuestion('$6', withFiles)}, ${withFiles ? `${keepFilesSql('$6')},` : ''} reply AS (
      INSERT INTO message (${NEW_REPLY_COLUMNS}) SELECT ${newReply('$7', '$6', '$13', '$14')} FROM bumped
    ), ${remembered('$9', '$10')}
    SELECT room.longest, allowance.plan, allowance."limit", spent.used, ${OTHERS_WAIT}${withFiles ? `, ${ATTACHED_COLUMNS}` : ''}
    FROM room${withFiles ? ' CROSS JOIN attached' : ''} LEFT JOIN allowance ON true LEFT JOIN spent ON true`;

export const SEND = prepared<SendOutcome>('message_send', sendSql(false));

export const SEND_WITH_FILES = prepared<SendOutcome & AttachedFiles>('message_send_with_files', sendSql(true));

export type RegenerateOutcome = SpentQuota & {
  replyTo: string;
  latest: boolean;
  unfinished: boolean;
  takesFiles: boolean;
};

/** As {@link SEND}, for one more reply to the room's latest question. The older variant leaves the lists. */
export const REGENERATE = prepared<RegenerateOutcome>(
  'message_regenerate',
  `
    WITH locked AS (
      SELECT id, last_seq, model FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR UPDATE
    ), target AS (
      SELECT m.id, m.reply_to, m.seq = locked.last_seq AS latest, m.status IN ('queued', 'generating') AS unfinished,
        ${takesFilesSql('asked.files', 'locked.model')} AS takes_files
      FROM locked JOIN message m ON m.chatroom_id = $2::uuid AND m.id = $6::uuid AND m.role = 'bot'
      JOIN message asked ON asked.chatroom_id = $2::uuid AND asked.id = m.reply_to
    ), room AS (
      SELECT id FROM target WHERE latest AND NOT unfinished AND takes_files
    ), ${quota('room', '$8')}, ${bumped(1)}, replaced AS (
      UPDATE message SET superseded = true FROM bumped WHERE message.chatroom_id = $2::uuid AND message.id = $6::uuid
    ), reply AS (
      INSERT INTO message (${NEW_REPLY_COLUMNS}) SELECT ${newReply('$7', 'target.reply_to', '$11', '$12')} FROM bumped, target
    ), ${remembered('$9', '$10')}
    SELECT target.reply_to AS "replyTo", target.latest, target.unfinished, target.takes_files AS "takesFiles",
      allowance.plan, allowance."limit", spent.used, ${OTHERS_WAIT}
    FROM target LEFT JOIN allowance ON true LEFT JOIN spent ON true`,
);
