import { Database, inBatches, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { type MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { MESSAGE_COLUMNS, messageBytesWithFeedbackSql, type MessageRow } from '../messages/message.row.js';
import type { ChatroomResponse } from '../rooms/chatroom.response.js';
import { CHATROOM_SELECT, toChatroomResponse } from '../rooms/chatroom.row.js';

/** What an export tells of a message beyond the API. */
interface ExportedOnly {
  superseded: boolean;
  /** The key that a client gave its request, kept for a day. */
  idempotencyKey: string | null;
  /** Of a reply: the `X-Request-Id` of the request that asked for it. */
  requestId: string | null;
}

/** A message as its owner takes it away. */
type ExportedMessage = MessageResponse & ExportedOnly;

/** A room as its owner takes it away: with every message, superseded variants too. */
interface ExportedChatroom extends ChatroomResponse {
  messages: AsyncIterable<ExportedMessage> | [];
}

/**
 * The next ids of the user's rooms, in their order. The index of the room list has all that is needed, but in another order, which
 * changes while rooms are used; so the ids are sorted, thousands at a time.
 */
const ROOM_IDS = prepared<{ id: string }>(
  'chatroom_export_ids',
  `
    WITH own AS MATERIALIZED (SELECT id FROM chatroom WHERE user_id = $1)
    SELECT id FROM own WHERE id > $2 ORDER BY id LIMIT $3`,
);

/** The next messages of a room: at most so many, and none more once those before have so many bytes. */
const MESSAGES = prepared<MessageRow & ExportedOnly & { seq: number }>(
  'message_export',
  `
    SELECT ${MESSAGE_COLUMNS}, message.seq, message.superseded, message.request_id AS "requestId",
      (SELECT key FROM idempotency_key WHERE reply_id = message.id LIMIT 1) AS "idempotencyKey"
    FROM (
      SELECT sized.*, sum(bytes) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before
      FROM (
        SELECT *, ${messageBytesWithFeedbackSql('message')} AS bytes
        FROM message WHERE chatroom_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
      ) sized
    ) message
    WHERE bytes_before < $4 ORDER BY seq`,
);

const BEFORE_EVERY_ID = '00000000-0000-0000-0000-000000000000';

const IDS = 5_000;
/** A room has some ten thousand characters at most. */
const ROOMS = 20;
const MESSAGES_AT_ONCE = 500;
const MESSAGE_BYTES = 262_144;

/** Reads a user's rooms and messages for an export, in batches that a process can hold many of. */
@Injectable()
export class ChatroomExportStore {
  constructor(private readonly database: Database) {}

  /** All rooms with all messages, oldest first. What is deleted meanwhile is left out. */
  async *roomsOf(userId: string): AsyncGenerator<ExportedChatroom> {
    const readIds = (after: string | null) => this.database.run(ROOM_IDS, [userId, after ?? BEFORE_EVERY_ID, IDS]);
    let ids: string[] = [];
    for await (const { id } of inBatches(readIds, (row) => row.id)) {
      ids.push(id);
      if (ids.length < ROOMS) continue;
      yield* await this.rooms(userId, ids);
      ids = [];
    }
    yield* await this.rooms(userId, ids);
  }

  private async rooms(userId: string, ids: string[]): Promise<ExportedChatroom[]> {
    const rows = await this.database.prisma.chatroom.findMany({
      where: { userId, id: { in: ids } },
      orderBy: { id: 'asc' },
      select: { ...CHATROOM_SELECT, lastSeq: true },
    });
    return rows.map(({ lastSeq, ...room }) => ({
      ...toChatroomResponse(room),
      messages: lastSeq === 0 ? [] : this.messages(room.id, lastSeq),
    }));
  }

  /** Those up to the position that was the last one when the room was read. */
  private async *messages(chatroomId: string, lastSeq: number): AsyncGenerator<ExportedMessage> {
    const read = async (after: number | null) =>
      after !== null && after >= lastSeq
        ? []
        : this.database.run(MESSAGES, [chatroomId, after ?? 0, MESSAGES_AT_ONCE, MESSAGE_BYTES]);
    for await (const row of inBatches(read, ({ seq }) => seq)) {
      const { superseded, idempotencyKey, requestId } = row;
      yield { ...toMessageResponse(row), superseded, idempotencyKey, requestId };
    }
  }
}
