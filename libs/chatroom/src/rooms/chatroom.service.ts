import { boundedPageOf, decodeCursor, type PageQuery, ValidationFailedError } from '@app/platform';
import { PlanCatalogue, PlanStore } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { MessagePosition } from '../messages/message-position.js';
import { MessageNotFoundError, ReplyInProgressError } from '../messages/message.errors.js';
import { isoToMessageResponse } from '../messages/message.response.js';
import { MAX_SEQ, type MessageAddress } from '../messages/message.row.js';
import {
  ChatroomNotFoundError,
  ConversationTooLongError,
  ModelNotInPlanError,
  TooManyChatroomsError,
} from './chatroom.errors.js';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse, ConversationResponse } from './chatroom.response.js';
import { toChatroomResponse } from './chatroom.row.js';
import { ChatroomStore } from './chatroom.store.js';

/** A user's rooms, one at a time. */
@Injectable()
export class ChatroomService {
  constructor(
    private readonly store: ChatroomStore,
    private readonly plans: PlanStore,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /**
   * Creates a room.
   *
   * @throws TooManyChatroomsError, ModelNotInPlanError; ValidationFailedError for a model that is not on offer
   */
  async create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomResponse> {
    await this.assertModel(userId, wanted.model);
    const room = await this.store.create(userId, wanted);
    if (room === null) throw new TooManyChatroomsError();
    return toChatroomResponse(room);
  }

  /**
   * Copies a room up to and with one of its messages.
   *
   * @throws ChatroomNotFoundError, MessageNotFoundError; ReplyInProgressError where that part has an unfinished reply;
   *   ConversationTooLongError, TooManyChatroomsError
   */
  async fork(userId: string, message: MessageAddress): Promise<ChatroomResponse> {
    const fork = await this.store.fork(userId, message);
    if (fork === null) throw new ChatroomNotFoundError();
    if (!fork.hasMessage) throw new MessageNotFoundError();
    if (fork.unfinished) throw new ReplyInProgressError();
    if (fork.tooLong) throw new ConversationTooLongError();
    if (fork.room === null) throw new TooManyChatroomsError();
    return toChatroomResponse(fork.room);
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
    const { items, nextCursor } = boundedPageOf(limit, read.messages, MessagePosition.of);
    return { ...read.room, messages: items.reverse().map(isoToMessageResponse), nextCursor };
  }

  /**
   * Changes what the request names. A request that names nothing leaves the room as it is, its `updatedAt` too.
   *
   * @throws ChatroomNotFoundError, ModelNotInPlanError; ValidationFailedError for a model that is not on offer
   */
  async update(userId: string, chatroomId: string, change: UpdateChatroomRequest): Promise<ChatroomResponse> {
    await this.assertModel(userId, change.model);
    const changesNothing = Object.values(change).every((value) => value === undefined);
    const room = changesNothing
      ? await this.store.find(userId, chatroomId)
      : await this.store.update(userId, chatroomId, change);
    if (room === null) throw new ChatroomNotFoundError();
    return toChatroomResponse(room);
  }

  /** Refuses a model that the user can't have. The plan is read only for a request that names a model. */
  private async assertModel(userId: string, model: string | null | undefined): Promise<void> {
    if (model === null || model === undefined) return;
    if (this.catalogue.plansWith(model).length === 0) {
      throw new ValidationFailedError([{ pointer: '/model', detail: 'must be on offer, see GET /models' }]);
    }
    const { models } = await this.plans.planOf(userId);
    if (!models.includes(model)) throw new ModelNotInPlanError();
  }
}
