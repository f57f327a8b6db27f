import { usageDaySql } from '@app/subscription';
import { turnsBeforeSql } from './past-turn.store.js';

/** A token is about three bytes, or a little more. */
const BYTES_PER_TOKEN = 3;

/**
 * The CTE `calls` for `recordUsageSql`: estimates of model calls whose worker died, or that are given up while it may live,
 * so that what they used can't be known. What a call with files is sent, its worker has noted before it; what any other is
 * sent is measured here by its texts. To be a part of the statement that takes the reply from that worker, which counts
 * the call once, whatever the worker still does. Whether it searched the web isn't known: no search is counted.
 *
 * @param replies an earlier CTE with `user_id`, `chatroom_id`, `reply_to`, `asked_model`, `asked_tokens`, and
 *   `written`, the bytes that are stored of the answer
 */
export const interruptedCallsSql = (replies: string): string => `
  calls AS (
    SELECT reply.user_id, ${usageDaySql()} AS day, reply.asked_model AS model, 'reply' AS purpose,
      1 AS calls, 1 AS estimated_calls,
      COALESCE(reply.asked_tokens, (octet_length(question.content)
        + octet_length(${turnsBeforeSql('reply.chatroom_id', 'question.seq')}::text)) / ${BYTES_PER_TOKEN}) AS prompt_tokens,
      0 AS cached_tokens, 0 AS thought_tokens, reply.written / ${BYTES_PER_TOKEN} AS reply_tokens,
      0 AS searches
    FROM ${replies} reply
    JOIN message question ON question.chatroom_id = reply.chatroom_id AND question.id = reply.reply_to
    WHERE reply.asked_model IS NOT NULL
  )`;
