import { type AuthenticatedUser, CurrentUser, RateLimit } from '@app/auth';
import { ApiProblem, boundedPageOf, decodeCursor, NoBodyRequest, PageQuery } from '@app/platform';
import { DailyQuotaGuard } from '@app/subscription';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { MessagePosition } from '../messages/message-position.js';
import { MessageNotFoundError } from '../messages/message.errors.js';
import { MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { MAX_SEQ } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { ReplyCancellationService } from '../replies/reply-cancellation.service.js';
import { ACCEPTANCE_HEADERS, setAcceptanceHeaders } from './acceptance-headers.js';
import { editRequest, readIdempotencyKey, regenerateRequest, sendRequest } from './idempotency-key.js';
import { AcceptedMessageResponse, AcceptedReplyResponse, MessagePageResponse } from './message-accepted.response.js';
import { EditMessageRequest, SendMessageRequest } from './message.request.js';
import { MessageService } from './message.service.js';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description: 'Repeat a request under the same key within 24 h and get the same answer: nothing is sent twice.',
};

/** Sends messages, and shows, stops and renews the replies to them. What streams is in `message-stream.controller.ts`. */
@ApiTags('Messages')
@ApiBearerAuth()
@ApiProblem(404, 'chatroom_not_found', 'message_not_found')
@Controller('chatroom/:id/message')
export class MessageController {
  constructor(
    private readonly service: MessageService,
    private readonly messages: MessageStore,
    private readonly cancellation: ReplyCancellationService,
  ) {}

  @Post()
  @HttpCode(202)
  @RateLimit('send')
  @UseGuards(DailyQuotaGuard)
  @ApiOperation({
    operationId: 'sendMessage',
    summary: 'Send a message',
    description:
      'Stores the message, queues its reply and charges one message of the daily quota. From this 202 on, the reply ' +
      'gets exactly one final state. The answer is the same JSON whatever `Accept` says; `…/message/stream` streams.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiResponse({
    status: 202,
    description: 'Accepted.',
    type: AcceptedMessageResponse,
    headers: ACCEPTANCE_HEADERS,
  })
  @ApiProblem(404, 'chatroom_not_found', 'file_not_found')
  @ApiProblem(422, 'idempotency_key_reused', 'model_cannot_take_file')
  @ApiProblem(429, 'daily_quota_exceeded')
  @ApiProblem(503, 'capacity_reached')
  async send(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Body() body: SendMessageRequest,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) http: FastifyReply,
  ): Promise<AcceptedMessageResponse> {
    const key = readIdempotencyKey(keyHeader, sendRequest(chatroomId, body.content, body.files));
    const accepted = await this.service.send(userId, chatroomId, body, key);
    setAcceptanceHeaders(http, accepted);
    return { message: toMessageResponse(accepted.message), reply: toMessageResponse(accepted.reply) };
  }

  @Post(':messageId/edit')
  @HttpCode(202)
  @RateLimit('send')
  @UseGuards(DailyQuotaGuard)
  @ApiOperation({
    operationId: 'editMessage',
    summary: 'Ask the latest question anew',
    description:
      "Puts a new message in the place of your latest one in the room: that one and its replies leave the lists, and the model isn't " +
      'shown them any more. Its files stay unless the request names others. Costs one message of the daily quota.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiResponse({ status: 202, description: 'Accepted.', type: AcceptedMessageResponse, headers: ACCEPTANCE_HEADERS })
  @ApiProblem(404, 'chatroom_not_found', 'message_not_found', 'file_not_found')
  @ApiProblem(409, 'not_latest_message', 'reply_in_progress')
  @ApiProblem(422, 'idempotency_key_reused', 'model_cannot_take_file')
  @ApiProblem(429, 'daily_quota_exceeded')
  @ApiProblem(503, 'capacity_reached')
  async edit(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('messageId') id: string,
    @Body() body: EditMessageRequest,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) http: FastifyReply,
  ): Promise<AcceptedMessageResponse> {
    const key = readIdempotencyKey(keyHeader, editRequest(chatroomId, id, body.content, body.files));
    const accepted = await this.service.edit(userId, { chatroomId, id }, body, key);
    setAcceptanceHeaders(http, accepted);
    return { message: toMessageResponse(accepted.message), reply: toMessageResponse(accepted.reply) };
  }

  @Get(':messageId')
  @ApiOperation({
    operationId: 'readMessage',
    summary: 'Read a message',
    description: 'Poll it until `status` is final, or stream it.',
  })
  @ApiResponse({ status: 200, type: MessageResponse })
  async find(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('messageId') messageId: string,
  ): Promise<MessageResponse> {
    const message = await this.messages.find(userId, chatroomId, messageId);
    if (message === null) throw new MessageNotFoundError();
    return toMessageResponse(message);
  }

  @Get(':messageId/replies')
  @ApiOperation({
    operationId: 'listReplies',
    summary: 'List all variants of the reply to a message',
    description: 'Newest first. A page ends early at about 512 KiB of text; `nextCursor` goes on.',
  })
  @ApiResponse({ status: 200, type: MessagePageResponse })
  async variants(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('messageId') messageId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<MessagePageResponse> {
    const before = decodeCursor(MessagePosition, cursor)?.seq ?? MAX_SEQ;
    const rows = await this.messages.findVariants(userId, chatroomId, messageId, limit + 1, before);
    const { items, nextCursor } = boundedPageOf(limit, rows, MessagePosition.of);
    if (items.length === 0 && (await this.messages.find(userId, chatroomId, messageId))?.role !== 'user') {
      throw new MessageNotFoundError();
    }
    return { items: items.map(toMessageResponse), nextCursor };
  }

  @Post(':replyId/cancel')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'cancelReply',
    summary: 'Stop a reply',
    description:
      'The model is stopped wherever it writes; what was written stays. A reply without any text yet refunds ' +
      'its message. A finished reply comes back as it is.',
  })
  @ApiResponse({ status: 200, type: MessageResponse })
  async cancel(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
  ): Promise<MessageResponse> {
    const reply = await this.cancellation.cancel(userId, chatroomId, replyId);
    if (reply === null) throw new MessageNotFoundError();
    return toMessageResponse(reply);
  }

  @Post(':replyId/regenerate')
  @HttpCode(202)
  @RateLimit('send')
  @UseGuards(DailyQuotaGuard)
  @ApiOperation({
    operationId: 'regenerateReply',
    summary: "Renew the room's latest reply",
    description: 'Costs one message of the daily quota.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiResponse({ status: 202, description: 'Accepted.', type: AcceptedReplyResponse, headers: ACCEPTANCE_HEADERS })
  @ApiProblem(409, 'not_latest_reply', 'reply_in_progress')
  @ApiProblem(422, 'idempotency_key_reused', 'model_cannot_take_file')
  @ApiProblem(429, 'daily_quota_exceeded')
  @ApiProblem(503, 'capacity_reached')
  async regenerate(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) http: FastifyReply,
  ): Promise<AcceptedReplyResponse> {
    const key = readIdempotencyKey(keyHeader, regenerateRequest(chatroomId, replyId));
    const accepted = await this.service.regenerate(userId, chatroomId, replyId, key);
    setAcceptanceHeaders(http, accepted);
    return { reply: toMessageResponse(accepted.reply) };
  }
}
