import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem, PageQuery } from '@app/platform';
import { Body, Controller, Get, Header, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ChatroomListService } from './chatroom-list.service.js';
import {
  CreateChatroomRequest,
  ForkChatroomRequest,
  ListChatroomsQuery,
  UpdateChatroomRequest,
} from './chatroom.request.js';
import { ChatroomPageResponse, ChatroomResponse, ConversationResponse } from './chatroom.response.js';
import { ChatroomService } from './chatroom.service.js';

/** A user's rooms. Deleting one is in `replies/room-deletion.controller.ts`. */
@ApiTags('Chatrooms')
@ApiBearerAuth()
@Controller('chatroom')
export class ChatroomController {
  constructor(
    private readonly rooms: ChatroomService,
    private readonly list: ChatroomListService,
  ) {}

  @Post()
  @ApiOperation({
    operationId: 'createChatroom',
    summary: 'Open a chatroom',
    description: 'Your plan has a number of rooms. The `model` has to be one that it has, see `GET /models`.',
  })
  @ApiBody({ type: CreateChatroomRequest, required: false })
  @ApiCreatedResponse({
    type: ChatroomResponse,
    headers: { Location: { description: 'Where the room is.', schema: { type: 'string' } } },
  })
  @ApiProblem(403, 'model_not_in_plan')
  @ApiProblem(409, 'too_many_chatrooms')
  async create(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Body() wanted: CreateChatroomRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChatroomResponse> {
    const room = await this.rooms.create(userId, wanted);
    void reply.header('Location', `/chatroom/${room.id}`);
    return room;
  }

  @Post(':id/fork')
  @ApiOperation({
    operationId: 'forkChatroom',
    summary: 'Go on from a message in a new chatroom',
    description:
      'Copies the room with its title and settings, and the conversation up to and with the message, as you see it: of several ' +
      'variants of a reply the newest. The copies have ids of their own, and no `usage`: that is of the originals. Costs nothing of the ' +
      'daily quota. At most 10,000 messages and 16 MiB of text are copied.',
  })
  @ApiCreatedResponse({
    type: ChatroomResponse,
    headers: { Location: { description: 'Where the room is.', schema: { type: 'string' } } },
  })
  @ApiProblem(404, 'chatroom_not_found', 'message_not_found')
  @ApiProblem(409, 'reply_in_progress', 'too_many_chatrooms')
  @ApiProblem(422, 'conversation_too_long')
  async fork(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Body() { messageId }: ForkChatroomRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChatroomResponse> {
    const room = await this.rooms.fork(userId, { chatroomId, id: messageId });
    void reply.header('Location', `/chatroom/${room.id}`);
    return room;
  }

  @Get()
  @Header('Content-Type', 'application/json; charset=utf-8')
  @ApiOperation({
    operationId: 'listChatrooms',
    summary: 'List the chatrooms',
    description: 'Pinned rooms first, then by latest activity.',
  })
  @ApiOkResponse({ type: ChatroomPageResponse })
  page(@CurrentUser() { userId }: AuthenticatedUser, @Query() query: ListChatroomsQuery): Promise<string> {
    return this.list.page(userId, query);
  }

  @Get(':id')
  @ApiOperation({
    operationId: 'readChatroom',
    summary: 'Read a conversation',
    description:
      'The room and its newest messages, oldest first; `nextCursor` leads to older ones. A page ends early at about 512 KiB ' +
      'of text.',
  })
  @ApiOkResponse({ type: ConversationResponse })
  @ApiProblem(404, 'chatroom_not_found')
  read(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Query() page: PageQuery,
  ): Promise<ConversationResponse> {
    return this.rooms.read(userId, chatroomId, page);
  }

  @Patch(':id')
  @ApiOperation({
    operationId: 'updateChatroom',
    summary: 'Change a chatroom',
    description: 'What is left out stays. A `model` has to be one that your plan has, see `GET /models`.',
  })
  @ApiBody({ type: UpdateChatroomRequest, required: false })
  @ApiOkResponse({ type: ChatroomResponse })
  @ApiProblem(403, 'model_not_in_plan')
  @ApiProblem(404, 'chatroom_not_found')
  update(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Body() change: UpdateChatroomRequest,
  ): Promise<ChatroomResponse> {
    return this.rooms.update(userId, chatroomId, change);
  }
}
