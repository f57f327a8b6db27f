import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';

/** A message that was found, with the part of its content around the words. */
export type FoundRow = MessageRow & { snippet: string };

/**
 * Reads the user's own messages, newest first, until the page is full: what a search costs depends on no other user's
 * messages, and sending one pays for no search index (docs/adr/0012). LIKE pre-filters, so that the costly to_tsvector runs
 * on few rows only. OFFSET 0 keeps PostgreSQL from running to_tsvector first.
 *
 * `term`: the words of the query as PostgreSQL splits them; those of the last word may be prefixes.
 */
const SEARCH = prepared<FoundRow>(
  'message_search',
  String.raw`
    WITH term AS (
      SELECT lexeme, word.place = cardinality($2::text[]) AS is_prefix
      FROM unnest($2::text[]) WITH ORDINALITY word (letters, place), unnest(to_tsvector('simple', word.letters))
    ), query AS MATERIALIZED (
      SELECT string_agg(
               '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || CASE WHEN is_prefix THEN ''':*' ELSE '''' END,
               ' & ')::tsquery AS words,
             array_agg('%' || replace(replace(replace(lexeme, '\', '\\'), '%', '\%'), '_', '\_') || '%') AS letters
      FROM term
    ), candidate AS (
      SELECT message.id
      FROM query JOIN chatroom ON query.words IS NOT NULL JOIN message ON message.chatroom_id = chatroom.id
      WHERE chatroom.user_id = $1 AND message.id < $3 AND NOT message.superseded
        AND message.status NOT IN ('queued', 'generating') AND lower(message.content) LIKE ALL (query.letters)
      ORDER BY message.id DESC OFFSET 0
    )
    SELECT ${MESSAGE_COLUMNS},
      ts_headline('simple', message.content, query.words, 'StartSel="", StopSel="", MinWords=15, MaxWords=30') AS snippet
    FROM query, candidate JOIN message ON message.id = candidate.id
    WHERE to_tsvector('simple', message.content) @@ query.words
    ORDER BY candidate.id DESC LIMIT $4`,
);

/** Above every id. */
const NO_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Finds messages by their words. */
@Injectable()
export class SearchStore {
  constructor(private readonly database: Database) {}

  /**
   * The user's finished messages that hold all of the words, newest first.
   *
   * @param q words with white space between them; the last one may be the beginning of a word
   * @param before only messages older than this one
   */
  async find(userId: string, q: string, limit: number, before = NO_ID): Promise<FoundRow[]> {
    return await this.database.run(SEARCH, [userId, q.split(/\s+/), before, limit]);
  }
}
