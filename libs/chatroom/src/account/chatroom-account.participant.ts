import { AccountParticipantService } from '@app/auth';
import { Database } from '@app/platform';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ChatroomListCache } from '../rooms/chatroom-list.cache.js';
import { ChatroomWalkCache } from '../rooms/chatroom-walk.cache.js';
import type { ChatroomResponse } from '../rooms/chatroom.response.js';
import { CHATROOM_SELECT, toChatroomResponse } from '../rooms/chatroom.row.js';
import { type MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { MESSAGE_SELECT } from '../messages/message.row.js';
import { ReplyErasureService } from '../replies/reply-erasure.service.js';
import { RoomDeletionService } from '../replies/room-deletion.service.js';

/** A message as its owner takes it away; the key is the one that a client gave its request, kept for a day. */
interface ExportedMessage extends MessageResponse {
  superseded: boolean;
  idempotencyKey: string | null;
}

/** A room as its owner takes it away: with every message, superseded variants too. */
export interface ExportedChatroom extends ChatroomResponse {
  messages: ExportedMessage[];
}

/** How many rows a statement fetches at most. */
const PAGE = 500;

const BEFORE_EVERY_ID = '00000000-0000-0000-0000-000000000000';

/** The part that rooms and messages have in exporting and erasing an account. */
@Injectable()
export class ChatroomAccountParticipant implements OnModuleInit {
  private readonly logger = new Logger(ChatroomAccountParticipant.name);

  constructor(
    private readonly database: Database,
    private readonly cache: ChatroomListCache,
    private readonly walks: ChatroomWalkCache,
    private readonly replies: ReplyErasureService,
    private readonly rooms: RoomDeletionService,
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
    for await (const room of this.roomsOf(userId)) exported.push(room);
    return exported;
  }

  /**
   * Stops what is being written, removes the copies in Redis, which would expire within minutes anyway, and deletes the rooms.
   * Those go before the user's row is locked: whoever sends a message locks a room first and references the user then.
   */
  async erase(userId: string): Promise<void> {
    await this.rooms.stopReplies(userId);
    const erased = await Promise.allSettled([
      ...[this.replies.erase(userId), this.cache.remove(userId), this.walks.remove(userId)],
    ]);
    for (const failure of erased.filter((result) => result.status === 'rejected')) {
      const { message } = failure.reason as Error;
      this.logger.warn(`What Redis holds of an erased account stays until it expires: ${message}`);
    }
    await this.rooms.deleteAll(userId);
  }

  private async *roomsOf(userId: string): AsyncGenerator<ExportedChatroom> {
    let after = BEFORE_EVERY_ID;
    for (;;) {
      const rooms = await this.database.prisma.chatroom.findMany({
        where: { userId, id: { gt: after } },
        orderBy: { id: 'asc' },
        take: PAGE,
        select: CHATROOM_SELECT,
      });
      for (const room of rooms) yield { ...toChatroomResponse(room), messages: await this.messages(room.id) };
      const last = rooms.at(-1);
      if (last === undefined || rooms.length < PAGE) return;
      after = last.id;
    }
  }

  private async messages(chatroomId: string): Promise<ExportedMessage[]> {
    const messages: ExportedMessage[] = [];
    let after = 0;
    for (;;) {
      const rows = await this.database.prisma.message.findMany({
        where: { chatroomId, seq: { gt: after } },
        orderBy: { seq: 'asc' },
        take: PAGE,
        select: { ...MESSAGE_SELECT, seq: true, superseded: true, idempotencyKeys: { select: { key: true }, take: 1 } },
      });
      for (const { idempotencyKeys, superseded, ...row } of rows) {
        messages.push({ ...toMessageResponse(row), superseded, idempotencyKey: idempotencyKeys[0]?.key ?? null });
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return messages;
      after = last.seq;
    }
  }
}
