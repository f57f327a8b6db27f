import { Clock, Database, ISO_TIMES, type PreparedStatement, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse } from './chatroom.response.js';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';

/** A message with its place in the room. */
export type PlacedMessageRow = MessageRow & { seq: number };

/** A room with a page of its messages. */
export type ConversationRow = ChatroomResponse & { messages: PlacedMessageRow[] };

/** The columns of a {@link ChatroomResponse} under its names, for statements that read times with `ISO_TIMES`. */
export const CHATROOM_COLUMNS = `chatroom.id, chatroom.title, chatroom.system_instruction AS "systemInstruction",
  chatroom.model, chatroom.pinned, chatroom.archived, chatroom.created_at AS "createdAt",
  chatroom.updated_at AS "updatedAt", chatroom.last_message_at AS "lastMessageAt"`;

const CREATE: PreparedStatement = {
  name: 'chatroom_create',
  types: ISO_TIMES,
  text: `
    INSERT INTO chatroom (id, user_id, title, system_instruction, model, created_at, updated_at, last_activity_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $6)
    RETURNING ${CHATROOM_COLUMNS}`,
};

const FIND: PreparedStatement = {
  name: 'chatroom_find',
  types: ISO_TIMES,
  text: `SELECT ${CHATROOM_COLUMNS} FROM chatroom WHERE id = $1 AND user_id = $2`,
};

/** Null can't say "leave it" where null is a value: for those a flag does. */
const UPDATE: PreparedStatement = {
  name: 'chatroom_update',
  types: ISO_TIMES,
  text: `
    UPDATE chatroom
    SET title = COALESCE($3, title), pinned = COALESCE($4, pinned), archived = COALESCE($5, archived),
        system_instruction = CASE WHEN $6 THEN $7 ELSE system_instruction END,
        model = CASE WHEN $8 THEN $9 ELSE model END,
        updated_at = $10
    WHERE id = $1 AND user_id = $2
    RETURNING ${CHATROOM_COLUMNS}`,
};

const DELETE: PreparedStatement = {
  name: 'chatroom_delete',
  text: 'DELETE FROM chatroom WHERE id = $1 AND user_id = $2 RETURNING id',
};

/** The page comes as one JSON value: taking in fifty rows would cost the process twice as much. */
const READ: PreparedStatement = {
  name: 'chatroom_read',
  types: ISO_TIMES,
  text: `
    SELECT ${CHATROOM_COLUMNS}, (
      SELECT COALESCE(json_agg(page ORDER BY page.seq DESC), '[]')
      FROM (
        SELECT ${MESSAGE_COLUMNS}, message.seq
        FROM message
        WHERE message.chatroom_id = chatroom.id AND message.seq < $3 AND NOT message.superseded
        ORDER BY message.seq DESC LIMIT $4
      ) page) AS messages
    FROM chatroom WHERE id = $1 AND user_id = $2`,
};

/** Rooms in PostgreSQL, and the reading of their messages; whose they are is part of every question. */
@Injectable()
export class ChatroomStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Opens a room. */
  async create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomResponse> {
    const { title = null, systemInstruction = null, model = null } = wanted;
    const values = [uuidv7(), userId, title, systemInstruction, model, this.clock.now()];
    const [room] = await this.database.run<ChatroomResponse>(CREATE, values);
    return room!;
  }

  async find(userId: string, chatroomId: string): Promise<ChatroomResponse | undefined> {
    const [room] = await this.database.run<ChatroomResponse>(FIND, [chatroomId, userId]);
    return room;
  }

  /** Changes what is not undefined. */
  async update(
    userId: string,
    chatroomId: string,
    change: UpdateChatroomRequest,
  ): Promise<ChatroomResponse | undefined> {
    const { title, systemInstruction, model, pinned, archived } = change;
    const [room] = await this.database.run<ChatroomResponse>(UPDATE, [
      ...[chatroomId, userId, title, pinned, archived],
      ...[systemInstruction !== undefined, systemInstruction, model !== undefined, model],
      this.clock.now(),
    ]);
    return room;
  }

  /** Deletes the room with its messages. A reply that is being written loses its row, and so its writer. */
  async delete(userId: string, chatroomId: string): Promise<boolean> {
    return (await this.database.run(DELETE, [chatroomId, userId])).length > 0;
  }

  /**
   * The room with its newest messages, newest first, without superseded variants.
   *
   * @param before only messages older than the one at this place in the room
   */
  async read(userId: string, chatroomId: string, limit: number, before: number): Promise<ConversationRow | undefined> {
    const [room] = await this.database.run<ConversationRow>(READ, [chatroomId, userId, before, limit]);
    return room;
  }
}
