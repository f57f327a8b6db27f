import { Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import {
  MESSAGE_COLUMNS,
  type MessageAddress,
  messagePageSql,
  type MessageRow,
  type MessageStatus,
  type PageMessageRow,
} from './message.row.js';

/** A message as its readers follow it: the attempt tells which one its content comes from; 0 before the first claim. */
export type ReplyRow = MessageRow & { attempt: number };

/** How far a reply has come. */
export interface ReplyProgress {
  id: string;
  status: MessageStatus;
  attempt: number;
}

// Polled, and read whenever a stream is opened: a third of what Prisma takes for it (docs/adr/0002).
const FIND = prepared<ReplyRow>(
  'message_find',
  `
    SELECT ${MESSAGE_COLUMNS}, message.attempt
    FROM message JOIN chatroom ON chatroom.id = message.chatroom_id
    WHERE message.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid`,
);

// Asked once a second about all open streams together: two parameters for any number of replies (docs/adr/0002).
const PROGRESS = prepared<ReplyProgress>(
  'message_progress',
  `
    SELECT message.id, message.status, message.attempt
    FROM unnest($1::uuid[], $2::uuid[]) AS asked (chatroom_id, id)
    JOIN message ON message.chatroom_id = asked.chatroom_id AND message.id = asked.id`,
);

// Ends where the page has enough text, which Prisma can't say (docs/adr/0002).
const FIND_VARIANTS = prepared<PageMessageRow>(
  'message_find_variants',
  messagePageSql(
    `message WHERE message.reply_to = $3::uuid AND message.seq < $4::int AND message.chatroom_id = $2::uuid
       AND EXISTS (SELECT FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid)`,
    '$5',
  ),
);

/** Reads messages; whose they are is part of every query. */
@Injectable()
export class MessageStore {
  constructor(private readonly database: Database) {}

  /** One message in a room of this user. */
  async find(userId: string, chatroomId: string, messageId: string): Promise<ReplyRow | null> {
    const [row] = await this.database.run(FIND, [userId, chatroomId, messageId]);
    return row ?? null;
  }

  /**
   * The replies to one message of the user, newest first, for a page with a bounded amount of text.
   *
   * @param before only variants older than the one at this position in the room
   */
  async findVariants(
    userId: string,
    chatroomId: string,
    messageId: string,
    limit: number,
    before: number,
  ): Promise<PageMessageRow[]> {
    return await this.database.run(FIND_VARIANTS, [userId, chatroomId, messageId, before, limit]);
  }

  /** How far replies have come. For those that the caller has been shown to own. */
  async progress(replies: MessageAddress[]): Promise<ReplyProgress[]> {
    const values = [replies.map(({ chatroomId }) => chatroomId), replies.map(({ id }) => id)];
    return await this.database.run(PROGRESS, values);
  }
}
