import { decodeCursor, pageOf, type PageQuery } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { MessagePosition } from '../messages/message-position.js';
import { jsonToMessageResponse } from '../messages/message.response.js';
import { MAX_SEQ } from '../messages/message.row.js';
import { ChatroomNotFoundError } from './chatroom.errors.js';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse, ConversationResponse } from './chatroom.response.js';
import { toChatroomResponse } from './chatroom.row.js';
import { ChatroomStore } from './chatroom.store.js';

/** A user's rooms, one at a time. */
@Injectable()
export class ChatroomService {
  constructor(private readonly store: ChatroomStore) {}

  /** Creates a room. */
  async create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomResponse> {
    return toChatroomResponse(await this.store.create(userId, wanted));
  }

  /**
   * The room with its newest messages, or those before the cursor, oldest first.
   *
   * @throws ChatroomNotFoundError; ValidationFailedError for a malformed cursor
   */
  async read(userId: string, chatroomId: string, { limit, cursor }: PageQuery): Promise<ConversationResponse> {
    const before = decodeCursor(MessagePosition, cursor)?.seq ?? MAX_SEQ;
    const read = await this.store.read(userId, chatroomId, limit + 1, before);
    if (read === null) throw new ChatroomNotFoundError();
    const { messages: rows, ...room } = read;
    const { items, nextCursor } = pageOf(limit, rows, MessagePosition.of);
    return { ...room, messages: items.reverse().map(jsonToMessageResponse), nextCursor };
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
    if (room === null) throw new ChatroomNotFoundError();
    return toChatroomResponse(room);
  }
}
