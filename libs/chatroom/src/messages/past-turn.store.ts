import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** One completed exchange of a room. */
export interface PastTurn {
  /** The reply's position in the room. */
  seq: number;
  question: string;
  answer: string;
}

const PAGE = 20;

/** The newest {@link PAGE} completed exchanges of a room before a position in it, newest first, as one JSON array. */
export const turnsBeforeSql = (chatroom: string, seq: string): string => `(
  SELECT COALESCE(json_agg(turn ORDER BY turn.seq DESC), '[]')
  FROM (
    SELECT past.seq, asked.content AS question, past.content AS answer
    FROM (
      SELECT seq, reply_to, content FROM message
      WHERE chatroom_id = ${chatroom} AND seq < ${seq} AND status = 'completed' AND role = 'bot' AND NOT superseded
      ORDER BY seq DESC LIMIT ${PAGE}
    ) past JOIN message asked ON asked.id = past.reply_to
  ) turn)`;

const TURNS_BEFORE = prepared<{ turns: PastTurn[] }>(
  'message_turns_before',
  `SELECT ${turnsBeforeSql('$1::uuid', '$2::int')} AS turns`,
);

/** What was said in a room, read backwards and only as far as the caller takes it. */
@Injectable()
export class PastTurnStore {
  constructor(private readonly database: Database) {}

  /**
   * Completed exchanges, newest first, fetched a page at a time while they are taken.
   *
   * @param newest the first page, by {@link turnsBeforeSql}
   */
  async *turns(chatroomId: string, newest: PastTurn[]): AsyncGenerator<PastTurn> {
    let page = newest;
    for (;;) {
      yield* page;
      const oldest = page.at(-1);
      if (oldest === undefined || page.length < PAGE) return;
      const [older] = await this.database.run(TURNS_BEFORE, [chatroomId, oldest.seq]);
      page = older?.turns ?? [];
    }
  }
}
