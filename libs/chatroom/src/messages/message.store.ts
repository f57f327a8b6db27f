import { Database, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { MESSAGE_COLUMNS, type MessageRow } from './message.row.js';

/** A reply as its stream reads it: the fence tells which attempt its content comes from. */
export type ReplyRow = MessageRow & { fence: number };

const FIND: PreparedStatement = {
  name: 'message_find',
  text: `
    SELECT ${MESSAGE_COLUMNS}, message.fence
    FROM message JOIN chatroom ON chatroom.id = message.chatroom_id
    WHERE message.id = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid`,
};

const FIND_VARIANTS: PreparedStatement = {
  name: 'message_find_variants',
  text: `
    SELECT ${MESSAGE_COLUMNS}, message.seq
    FROM message JOIN chatroom ON chatroom.id = message.chatroom_id
    WHERE message.reply_to = $3::uuid AND chatroom.id = $2::uuid AND chatroom.user_id = $1::uuid
      AND ($5::int IS NULL OR message.seq < $5)
    ORDER BY message.seq DESC LIMIT $4`,
};

const PROGRESS: PreparedStatement = {
  name: 'message_progress',
  text: `SELECT id, status, fence FROM message WHERE id = ANY($1::uuid[])`,
};

/** Reads messages; whose they are is part of every question. */
@Injectable()
export class MessageStore {
  constructor(private readonly database: Database) {}

  /** One message in a room of this user. */
  async find(userId: string, chatroomId: string, messageId: string): Promise<ReplyRow | null> {
    const [row] = await this.database.run<ReplyRow>(FIND, [userId, chatroomId, messageId]);
    return row ?? null;
  }

  /**
   * The replies to one message of the user, newest first.
   *
   * @param before only variants older than the one at this place in the room
   */
  async findVariants(
    userId: string,
    chatroomId: string,
    messageId: string,
    limit: number,
    before: number | undefined,
  ): Promise<(MessageRow & { seq: number })[]> {
    return await this.database.run(FIND_VARIANTS, [userId, chatroomId, messageId, limit, before ?? null]);
  }

  /** How far replies have come. For those that the asker has been shown to own. */
  async progress(ids: string[]): Promise<Pick<ReplyRow, 'id' | 'status' | 'fence'>[]> {
    return await this.database.run(PROGRESS, [ids]);
  }
}
