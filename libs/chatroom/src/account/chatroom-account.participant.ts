import { AccountParticipantService } from '@app/auth';
import { Database, ISO_TIMES, type PreparedStatement } from '@app/platform';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ChatroomListCache } from '../rooms/chatroom-list.cache.js';
import type { ChatroomResponse } from '../rooms/chatroom.response.js';
import { CHATROOM_COLUMNS, type PlacedMessageRow } from '../rooms/chatroom.store.js';
import { type MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { MESSAGE_COLUMNS } from '../messages/message.row.js';
import { ReplyErasure } from '../replies/reply-erasure.service.js';

/** A message as its owner takes it away; the key is the one that a client gave its request, kept for a day. */
interface ExportedMessage extends MessageResponse {
  superseded: boolean;
  idempotencyKey: string | null;
}

/** A room as its owner takes it away: with every message, superseded variants too. */
export interface ExportedChatroom extends ChatroomResponse {
  messages: ExportedMessage[];
}

type ExportedRow = PlacedMessageRow & { superseded: boolean; idempotency_key: string | null };

/** How many rows a statement fetches at most. */
const PAGE = 500;

const ROOMS: PreparedStatement = {
  name: 'chatroom_export_rooms',
  types: ISO_TIMES,
  text: `SELECT ${CHATROOM_COLUMNS} FROM chatroom WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT ${PAGE}`,
};

const MESSAGES: PreparedStatement = {
  name: 'chatroom_export_messages',
  types: ISO_TIMES,
  text: `
    SELECT ${MESSAGE_COLUMNS}, message.seq, message.superseded, idempotency_key.key AS idempotency_key
    FROM message LEFT JOIN idempotency_key ON idempotency_key.reply_id = message.id
    WHERE message.chatroom_id = $1 AND message.seq > $2
    ORDER BY message.seq LIMIT ${PAGE}`,
};

const BEFORE_EVERY_ID = '00000000-0000-0000-0000-000000000000';

/** The part that rooms and messages have in exporting and erasing an account. */
@Injectable()
export class ChatroomAccountParticipant implements OnModuleInit {
  private readonly logger = new Logger(ChatroomAccountParticipant.name);

  constructor(
    private readonly database: Database,
    private readonly cache: ChatroomListCache,
    private readonly replies: ReplyErasure,
    private readonly participants: AccountParticipantService,
  ) {}

  onModuleInit(): void {
    this.participants.register({
      name: 'chatrooms',
      export: (userId) => this.export(userId),
      erase: (userId) => this.erase(userId),
    });
  }

  /** All rooms with all messages, oldest first. */
  async export(userId: string): Promise<ExportedChatroom[]> {
    const exported: ExportedChatroom[] = [];
    for await (const room of this.rooms(userId)) exported.push(room);
    return exported;
  }

  /** PostgreSQL's cascade takes the rows; here go the copies in Redis, which would be gone within minutes anyway. */
  async erase(userId: string): Promise<void> {
    const erased = await Promise.allSettled([this.replies.erase(userId), this.cache.forget(userId)]);
    for (const failure of erased.filter((result) => result.status === 'rejected')) {
      const { message } = failure.reason as Error;
      this.logger.warn(`What Redis holds of an erased account stays until it expires: ${message}`);
    }
  }

  private async *rooms(userId: string): AsyncGenerator<ExportedChatroom> {
    for (let after = BEFORE_EVERY_ID; ;) {
      const rooms = await this.database.run<ChatroomResponse>(ROOMS, [userId, after]);
      for (const room of rooms) yield { ...room, messages: await this.messages(room.id) };
      const last = rooms.at(-1);
      if (last === undefined || rooms.length < PAGE) return;
      after = last.id;
    }
  }

  private async messages(chatroomId: string): Promise<ExportedMessage[]> {
    const messages: ExportedMessage[] = [];
    for (let after = 0; ;) {
      const rows = await this.database.run<ExportedRow>(MESSAGES, [chatroomId, after]);
      messages.push(...rows.map(toExportedMessage));
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return messages;
      after = last.seq;
    }
  }
}

const toExportedMessage = (row: ExportedRow): ExportedMessage => ({
  ...toMessageResponse(row),
  superseded: row.superseded,
  idempotencyKey: row.idempotency_key,
});
