/*
 * What the statements that accept messages with files have in common. Their parameters are those of `acceptance-sql.ts`: `$1` is the user,
 * `$2` the room, `$3` the time and `$5` the catalogue.
 */
import { answeringModelSql, modelFilesSql, planNumberSql, planOfUserSql } from '@app/subscription';
import type { MessageFile } from '../messages/message.row.js';

/** What all files of one message, and of one request to a model, may have together: 70 MiB, which are 98 MB in base64. A request to Gemini may have 100 MB. */
export const MAX_BYTES_OF_FILES = 73_400_320;

/** The largest PDF that Gemini takes. */
export const MAX_BYTES_OF_PDF = 50_000_000;

/** Why files can't be sent, in the order in which it is looked for. */
type FilesRefusal = 'not_found' | 'not_taken' | 'too_many' | 'too_large';

/** What became of the files: nothing is charged or stored where there is a `filesRefusal`. */
export interface AttachedFiles {
  filesRefusal: FilesRefusal | null;
  /** `filesPerMessage` of the sender's plan. */
  mostFiles: number;
  /** As the message has them, in the order of the request; null: none. */
  files: MessageFile[] | null;
}

const kindSql = (mediaType: string): string =>
  `CASE ${mediaType} WHEN 'application/pdf' THEN 'pdf' ELSE split_part(${mediaType}, '/', 1) END`;

const KIND = kindSql('owned.media_type');

/** The kinds of files that the model takes which is to answer, of a row with the user's `plan`. @param chosen the room's own model */
const kindsSql = (chosen: string): string => modelFilesSql(`(${answeringModelSql('plan', chosen, '$5')})`, '$5');

/** A file as the column `files` of a message has it. */
const SNAPSHOT = `jsonb_build_object(
        'id', owned.id, 'name', owned.name, 'mediaType', owned.media_type, 'bytes', owned.bytes, 'width', owned.width, 'height', owned.height,
        'createdAt', to_char(owned.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'store', owned.store)`;

/**
 * CTEs: the files that a message is to have (`owned`), locked, and in `attached` one row of what becomes of them, for each row of an
 * earlier CTE. They are locked in the order of their ids, as by all who lock several, and before anything is charged. What is locked is as
 * others have left it: a file that the retention deletes in this moment is not found, and one that is locked here stays.
 *
 * @param wanted an earlier CTE of one row at most, with the column `ids` (of type `uuid[]`) in the order of the request, and `chosen`,
 *   the room's own model
 */
export const attachedFilesSql = (wanted: string): string => `owned AS (
      SELECT file.id, file.name, file.media_type, file.bytes, file.width, file.height, file.created_at, file.store, file.delete_after
      FROM ${wanted} wanted JOIN file ON file.user_id = $1::uuid AND file.id = ANY (wanted.ids)
      WHERE file.delete_after IS NULL OR file.delete_after > now()
      ORDER BY file.id FOR NO KEY UPDATE OF file
    ), attached AS (
      SELECT files, known.most, CASE
          WHEN cardinality(wanted.ids) > found THEN 'not_found'
          WHEN NOT taken THEN 'not_taken'
          WHEN found > known.most THEN 'too_many'
          WHEN bytes > ${MAX_BYTES_OF_FILES} OR largest_pdf > ${MAX_BYTES_OF_PDF} THEN 'too_large'
        END AS refusal
      FROM ${wanted} wanted CROSS JOIN LATERAL (
        SELECT ${planNumberSql('plan', '$5', 'filesPerMessage')} AS most,
          ${kindsSql('wanted.chosen')} AS kinds
        FROM ${planOfUserSql('$1::uuid', '$3', '$5')}
      ) known CROSS JOIN LATERAL (
        SELECT count(*) AS found, COALESCE(sum(owned.bytes), 0) AS bytes,
          max(owned.bytes) FILTER (WHERE ${KIND} = 'pdf') AS largest_pdf, COALESCE(bool_and(known.kinds ? (${KIND})), true) AS taken,
          jsonb_agg(${SNAPSHOT} ORDER BY array_position(wanted.ids, owned.id)) AS files
        FROM owned
      ) counted
    )`;

/**
 * Whether the model that is to answer takes the files that a question has.
 *
 * @param files the column of the question
 * @param chosen the room's own model
 */
export const takesFilesSql = (files: string, chosen: string): string => `CASE WHEN ${files} IS NULL THEN true ELSE (
        SELECT bool_and(${kindsSql(chosen)} ? (${kindSql("file.value ->> 'mediaType'")}))
        FROM jsonb_array_elements(${files}) file, ${planOfUserSql('$1::uuid', '$3', '$5')}
      ) END`;

/** CTEs that give the message its files, once it is charged: they stay as long as it. @param message the placeholder of its id */
export const keepFilesSql = (message: string): string => `kept AS (
      UPDATE file SET delete_after = NULL FROM bumped, owned WHERE file.id = owned.id AND owned.delete_after IS NOT NULL
    ), listed AS (
      INSERT INTO message_file (chatroom_id, message_id, file_id) SELECT $2::uuid, ${message}::uuid, owned.id FROM bumped, owned
    )`;

/** The columns of {@link AttachedFiles}, of the CTE `attached`. */
export const ATTACHED_COLUMNS = `attached.refusal AS "filesRefusal", attached.most AS "mostFiles", attached.files`;
