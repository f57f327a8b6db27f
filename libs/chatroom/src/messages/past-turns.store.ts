import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** One completed exchange of a room. */
export interface Turn {
  /** The reply's place in the room. */
  seq: number;
  question: string;
  answer: string;
}

const PAGE = 20;

/** The newest {@link PAGE} completed exchanges of a room before a place in it, newest first, as one JSON array. */
export const turnsBeforeSql = (chatroom: string, seq: string): string => `(
  SELECT COALESCE(json_agg(turn ORDER BY turn.seq DESC), '[]')
  FROM (
    SELECT past.seq, asked.content AS question, past.content AS answer
    FROM message past JOIN message asked ON asked.id = past.reply_to
    WHERE past.chatroom_id = ${chatroom} AND past.seq < ${seq} AND past.status = 'completed' AND past.role = 'bot'
      AND NOT past.superseded
    ORDER BY past.seq DESC LIMIT ${PAGE}
  ) turn)`;

const TURNS_BEFORE: PreparedStatement = {
  name: 'conversation_turns_before',
  text: `SELECT ${turnsBeforeSql('$1::uuid', '$2::int')} AS turns`,
};

/** What was said in a room, read backwards and only as far as somebody wants to know. */
@Injectable()
export class Conversation {
  constructor(private readonly database: Database) {}

  /**
   * Completed exchanges, newest first, fetched a page at a time while they are taken.
   *
   * @param newest the first page, by {@link turnsBeforeSql}
   */
  async *turns(chatroomId: string, newest: Turn[]): AsyncGenerator<Turn> {
    for (let page = newest; ;) {
      yield* page;
      const oldest = page.at(-1);
      if (oldest === undefined || page.length < PAGE) return;
      const [older] = await this.database.run<{ turns: Turn[] }>(TURNS_BEFORE, [chatroomId, oldest.seq]);
      page = older?.turns ?? [];
    }
  }
}
