import { Clock, Database, ISO_TIMES, prepared, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { MESSAGE_COLUMNS, type MessageRow } from '../messages/message.row.js';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse } from './chatroom.response.js';
import { CHATROOM_COLUMNS, CHATROOM_SELECT, type ChatroomRow } from './chatroom.row.js';

/** A room with a page of its messages, newest first, as PostgreSQL's JSON. */
export type ConversationRow = ChatroomResponse & { messages: (MessageRow<string> & { seq: number })[] };

/** The page comes as one JSON value: taking in fifty rows would cost the process twice as much (docs/adr/0002). */
const READ = prepared<ConversationRow>(
  'chatroom_read',
  `
    SELECT ${CHATROOM_COLUMNS}, (
      SELECT COALESCE(json_agg(page ORDER BY page.seq DESC), '[]')
      FROM (
        SELECT ${MESSAGE_COLUMNS}, message.seq
        FROM message
        WHERE message.chatroom_id = chatroom.id AND message.seq < $3 AND NOT message.superseded
        ORDER BY message.seq DESC LIMIT $4
      ) page) AS messages
    FROM chatroom WHERE id = $1 AND user_id = $2`,
  { types: ISO_TIMES },
);

/** Rooms in PostgreSQL, and the reading of their messages; whose they are is part of every query. */
@Injectable()
export class ChatroomStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Creates a room. */
  async create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomRow> {
    const { title = null, systemInstruction = null, model = null } = wanted;
    const now = this.clock.now();
    return await this.database.prisma.chatroom.create({
      data: {
        ...{ id: uuidv7(), userId, title, systemInstruction, model },
        ...{ createdAt: now, updatedAt: now, lastActivityAt: now },
      },
      select: CHATROOM_SELECT,
    });
  }

  async find(userId: string, chatroomId: string): Promise<ChatroomRow | null> {
    const where = { id: chatroomId, userId };
    return await this.database.prisma.chatroom.findUnique({ where, select: CHATROOM_SELECT });
  }

  /** Changes what is not undefined. @returns null when the user has no such room */
  async update(userId: string, chatroomId: string, change: UpdateChatroomRequest): Promise<ChatroomRow | null> {
    const [room] = await this.database.prisma.chatroom.updateManyAndReturn({
      where: { id: chatroomId, userId },
      data: { ...change, updatedAt: this.clock.now() },
      select: CHATROOM_SELECT,
    });
    return room ?? null;
  }

  /**
   * The room with its newest messages, newest first, without superseded variants.
   *
   * @param before only messages older than the one at this position in the room
   */
  async read(userId: string, chatroomId: string, limit: number, before: number): Promise<ConversationRow | null> {
    const [room] = await this.database.run(READ, [chatroomId, userId, before, limit]);
    return room ?? null;
  }
}
