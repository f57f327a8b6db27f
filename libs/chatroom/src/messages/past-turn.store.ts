import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { hasTextSql } from '../text/has-text-sql.js';
import type { MessageFile } from './message.row.js';

/** One past exchange of a room, as its owner sees it. */
export interface PastTurn {
  /** The question's position in the room. */
  seq: number;
  question: string;
  /** Those of the question, in its order; null: it has none. */
  files: MessageFile[] | null;
  /** The text of the newest variant of the reply that has any; null: none has. */
  answer: string | null;
}

/** An exchange as it is read: `question` null for one that the model isn't shown. */
export interface PastExchange extends Omit<PastTurn, 'question'> {
  question: string | null;
}

/** Exchanges that one statement reads. */
const PAGE = 20;

/** How far back a conversation is read: two thousand exchanges. */
const MAX_PAGES = 100;

/** How many variants of one reply are searched for a text, from the newest one on. */
const MAX_VARIANTS = 50;

/**
 * The newest {@link PAGE} exchanges of a room before a position in it, newest first, as one JSON array of
 * {@link PastExchange}. Left out are the question and answer of those that ended `blocked`, and exchanges whose question was edited:
 * the edited one stands behind them.
 *
 * It goes backwards from newest variant to newest variant, each by the room's index: the variants of a question stand
 * between it and the next one, since only the room's latest reply can be regenerated. So the work is bounded however long
 * the room is, and however many variants there are; each edit of a question adds the rows that it has replaced. What a safety
 * rule stopped halfway is no answer of another variant.
 */
export const turnsBeforeSql = (chatroom: string, seq: string): string => `(
  WITH RECURSIVE exchange AS (
    SELECT 0 AS depth, ${seq} AS seq, NULL::int AS newest, NULL::text AS question, NULL::text AS answer, false AS blocked,
      NULL::jsonb AS files
    UNION ALL
    SELECT exchange.depth + 1, asked.seq, newest.seq, asked.content, newest.content, newest.status = 'blocked',
      asked.files
    FROM exchange CROSS JOIN LATERAL (
      SELECT id, seq, reply_to, status, CASE WHEN role = 'bot' THEN content ELSE '' END AS content FROM message
      WHERE chatroom_id = ${chatroom} AND seq < exchange.seq AND NOT superseded
      ORDER BY seq DESC LIMIT 1
    ) newest JOIN message asked
      ON asked.chatroom_id = ${chatroom} AND asked.id = COALESCE(newest.reply_to, newest.id)
    WHERE exchange.depth < ${PAGE}
  )
  SELECT COALESCE(json_agg(json_build_object(
      'seq', seq, 'question', CASE WHEN NOT blocked THEN question END,
      'files', CASE WHEN NOT blocked THEN files END,
      'answer', CASE
        WHEN blocked THEN NULL
        WHEN ${hasTextSql('answer')} THEN answer
        ELSE (
          SELECT content FROM (
            SELECT message.seq, status, content FROM message
            WHERE chatroom_id = ${chatroom} AND message.seq > exchange.seq AND message.seq < exchange.newest
            ORDER BY message.seq DESC LIMIT ${MAX_VARIANTS}
          ) variant
          WHERE status <> 'blocked' AND ${hasTextSql('content')}
          ORDER BY variant.seq DESC LIMIT 1
        ) END
    ) ORDER BY seq DESC), '[]')
  FROM exchange WHERE depth > 0)`;

const TURNS_BEFORE = prepared<{ turns: PastExchange[] }>(
  'message_turns_before',
  `SELECT ${turnsBeforeSql('$1::uuid', '$2::int')} AS turns`,
);

/** What was said in a room, read backwards and only as far as the caller takes it. */
@Injectable()
export class PastTurnStore {
  constructor(private readonly database: Database) {}

  /** The newest exchanges before a position: what {@link turnsBeforeSql} brings along elsewhere. */
  async newest(chatroomId: string, seq: number): Promise<PastExchange[]> {
    const [page] = await this.database.run(TURNS_BEFORE, [chatroomId, seq]);
    return page?.turns ?? [];
  }

  /**
   * The exchanges that the model is shown, newest first, fetched a page at a time while they are taken.
   *
   * @param newest the first page, by {@link turnsBeforeSql}
   */
  async *turns(chatroomId: string, newest: PastExchange[]): AsyncGenerator<PastTurn> {
    let page = newest;
    for (let pages = 1; ; pages++) {
      for (const { question, ...rest } of page) if (question !== null) yield { question, ...rest };
      const oldest = page.at(-1);
      if (oldest === undefined || page.length < PAGE || pages === MAX_PAGES) return;
      page = await this.newest(chatroomId, oldest.seq);
    }
  }
}
