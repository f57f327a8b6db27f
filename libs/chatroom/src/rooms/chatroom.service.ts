import { decodeCursor, encodeCursor, type PageQuery } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { ChatroomNotFoundError } from './chatroom.errors.js';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse, ConversationResponse } from './chatroom.response.js';
import { ChatroomStore } from './chatroom.store.js';
import { toMessageResponse } from '../messages/message.response.js';
import { LAST_PLACE } from '../messages/message.row.js';

/** Before the oldest message of a page. */
class MessagePosition {
  @IsInt()
  @Min(1)
  @Max(LAST_PLACE)
  seq!: number;
}

/** A user's rooms, one at a time. */
@Injectable()
export class ChatroomService {
  constructor(private readonly store: ChatroomStore) {}

  create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomResponse> {
    return this.store.create(userId, wanted);
  }

  /**
   * The room with its newest messages, or those before the cursor, oldest first.
   *
   * @throws ChatroomNotFoundError; ValidationFailedError for a cursor that is none
   */
  async read(userId: string, chatroomId: string, { limit, cursor }: PageQuery): Promise<ConversationResponse> {
    const before = decodeCursor(MessagePosition, cursor)?.seq ?? LAST_PLACE;
    const read = await this.store.read(userId, chatroomId, limit + 1, before);
    if (read === undefined) throw new ChatroomNotFoundError();
    const { messages: rows, ...room } = read;
    const oldest = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      ...room,
      messages: rows.slice(0, limit).reverse().map(toMessageResponse),
      nextCursor: oldest === undefined ? null : encodeCursor({ seq: oldest.seq } satisfies MessagePosition),
    };
  }

  /**
   * Changes what the request names. A request that names nothing leaves the room as it is, its `updatedAt` too.
   *
   * @throws ChatroomNotFoundError
   */
  async update(userId: string, chatroomId: string, change: UpdateChatroomRequest): Promise<ChatroomResponse> {
    const changesNothing = Object.values(change).every((value) => value === undefined);
    const room = changesNothing
      ? await this.store.find(userId, chatroomId)
      : await this.store.update(userId, chatroomId, change);
    if (room === undefined) throw new ChatroomNotFoundError();
    return room;
  }

  /**
   * Deletes the room with its messages.
   *
   * @throws ChatroomNotFoundError
   */
  async delete(userId: string, chatroomId: string): Promise<void> {
    if (!(await this.store.delete(userId, chatroomId))) throw new ChatroomNotFoundError();
  }
}
