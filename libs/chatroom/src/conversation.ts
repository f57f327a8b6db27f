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

const TURNS_BEFORE: PreparedStatement = {
  name: 'conversation_turns_before',
  text: `
    SELECT reply.seq, question.content AS question, reply.content AS answer
    FROM message reply JOIN message question ON question.id = reply.reply_to
    WHERE reply.chatroom_id = $1::uuid AND reply.seq < $2::int AND reply.status = 'completed' AND reply.role = 'bot'
      AND NOT reply.superseded
    ORDER BY reply.seq DESC LIMIT ${PAGE}`,
};

/** What was said in a room, read backwards and only as far as somebody wants to know. */
@Injectable()
export class Conversation {
  constructor(private readonly database: Database) {}

  /** The completed exchanges before a place in the room, newest first, fetched a page at a time while they are taken. */
  async *turnsBefore(chatroomId: string, seq: number): AsyncGenerator<Turn> {
    for (let before = seq; ;) {
      const turns = await this.database.run<Turn>(TURNS_BEFORE, [chatroomId, before]);
      yield* turns;
      const oldest = turns.at(-1);
      if (oldest === undefined || turns.length < PAGE) return;
      before = oldest.seq;
    }
  }
}
