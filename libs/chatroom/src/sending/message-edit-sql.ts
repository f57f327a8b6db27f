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
} from './acceptance-sql.js';
import { ATTACHED_COLUMNS, attachedFilesSql, type AttachedFiles, keepFilesSql } from './message-files-sql.js';

export type EditOutcome = SendOutcome & { latest: boolean; unfinished: boolean };

/** The files that are asked for in `$16`, or, where that is null, those that the question has had. */
const WANTED = `wanted AS (
      SELECT locked.model AS chosen, COALESCE($16::uuid[], ARRAY(
        SELECT (file.value ->> 'id')::uuid FROM jsonb_array_elements(target.files) WITH ORDINALITY file ORDER BY file.ordinality)) AS ids
      FROM locked, target WHERE target.latest AND NOT target.unfinished
    )`;

/**
 * Accepts the room's latest question (`$6`) anew, as `message_send` accepts one: both it and its reply leave the lists. The latest message of the room
 * is read as of before the lock: where another request has added one meanwhile, there is none at that position, and the question
 * counts as not the latest. The older variants of the reply have left the lists before.
 *
 * @param withFiles whether the new question is to have files. Without, a question that has some is refused (`hasFiles`).
 */
const editSql = (withFiles: boolean): string => `
    WITH locked AS (
      SELECT last_seq${withFiles ? ', model' : ''} FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR UPDATE
    ), target AS (
      SELECT asked.id, newest.id AS newest,
        asked.role = 'user' AND COALESCE(newest.reply_to, newest.id) IS NOT DISTINCT FROM asked.id AS latest,
        COALESCE(newest.status IN ('queued', 'generating'), false) AS unfinished, asked.files,
        CASE WHEN $12::int IS NOT NULL THEN (${LONGEST_MESSAGE}) END AS longest
      FROM locked JOIN message asked ON asked.chatroom_id = $2::uuid AND asked.id = $6::uuid
      LEFT JOIN message newest ON newest.chatroom_id = $2::uuid AND newest.seq = locked.last_seq
    ), ${withFiles ? `${WANTED}, ${attachedFilesSql('wanted')},` : ''} room AS (
      SELECT target.id FROM target${withFiles ? ', attached' : ''}
      WHERE latest AND NOT unfinished AND (longest IS NULL OR $12::int <= longest)
        AND ${withFiles ? 'attached.refusal IS NULL' : 'target.files IS NULL'}
    ), ${quota('room', '$11')}, ${bumped(2)}, replaced AS (
      UPDATE message SET superseded = true FROM bumped, target
      WHERE message.chatroom_id = $2::uuid AND message.id IN (target.id, target.newest)
    ), ${newQuestion('$15', withFiles)}, ${withFiles ? `${keepFilesSql('$15')},` : ''} reply AS (
      INSERT INTO message (${NEW_REPLY_COLUMNS}) SELECT ${newReply('$7', '$15', '$13', '$14')} FROM bumped
    ), ${remembered('$9', '$10')}
    SELECT target.latest, target.unfinished, target.longest, allowance.plan, allowance."limit", spent.used, ${OTHERS_WAIT},
      ${withFiles ? ATTACHED_COLUMNS : 'target.files IS NOT NULL AS "hasFiles"'}
    FROM target${withFiles ? ' LEFT JOIN attached ON true' : ''} LEFT JOIN allowance ON true LEFT JOIN spent ON true`;

/** For a question without files, which shall have none. */
export const EDIT = prepared<EditOutcome & { hasFiles: boolean }>('message_edit', editSql(false));

export const EDIT_WITH_FILES = prepared<EditOutcome & AttachedFiles>('message_edit_with_files', editSql(true));
