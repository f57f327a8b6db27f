import { type AuthenticatedUser, CurrentUser, RateLimit } from '@app/auth';
import { ApiProblem, decodeCursor, NoBodyRequest, PageQuery, rateLimitHeaders, readPage } from '@app/platform';
import { type DailyQuota, dailyMessagesPolicy, DailyQuotaGuard } from '@app/subscription';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { MessagePosition } from '../messages/message-position.js';
import { MessageNotFoundError } from '../messages/message.errors.js';
import { MessageResponse, toMessageResponse } from '../messages/message.response.js';
import { MAX_SEQ } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { ReplyCancellationService } from '../replies/reply-cancellation.service.js';
import { eventIdBehind, parsePosition } from '../streams/reply-position.js';
import { ReplyStreamService } from '../streams/reply-stream.service.js';
import { readIdempotencyKey } from './idempotency-key.js';
import { AcceptedMessageResponse, AcceptedReplyResponse, MessagePageResponse } from './message-accepted.response.js';
import { SendMessageRequest } from './message.request.js';
import { MessageService } from './message.service.js';

const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  required: false,
  description: 'The id of the last event that was read: the stream goes on right behind it.',
};

const REPLY_EVENTS =
  'event: delta\nid: 1-11\ndata: {"text":"Because the"}\n\nevent: delta\nid: 1-15\ndata: {"text":" air"}\n\n' +
  'event: done\nid: 1-15\ndata: {"id":"…","status":"completed","content":"Because the air",…}\n\n';

const stream = (example: string) => ({ 'text/event-stream': { schema: { type: 'string' }, example } });
const STREAM = stream(REPLY_EVENTS);
const ACCEPTED_STREAM = stream(
  `event: accepted\nid: 0-0\ndata: {"message":{"id":"…",…},"reply":{"id":"…","status":"queued",…}}\n\n${REPLY_EVENTS}`,
);

const QUOTA_HEADERS = {
  'RateLimit-Policy': {
    description: '`"daily-messages";q=5;w=86400`. Absent where the plan has no daily limit.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description: '`"daily-messages";r=4;t=3600`. Absent where the plan has no daily limit.',
    schema: { type: 'string' },
  },
  Location: { description: 'Where the reply can be polled.', schema: { type: 'string' } },
} as const;

const REPLAYED_HEADER = {
  'Idempotency-Replayed': { description: '`true` on the answer to a repeated request.', schema: { type: 'string' } },
} as const;

/** Sends messages, and shows, streams, stops and renews the replies to them. */
@ApiTags('Messages')
@ApiBearerAuth()
@ApiProblem(404, 'chatroom_not_found', 'message_not_found')
@Controller('chatroom/:id/message')
export class MessageController {
  constructor(
    private readonly service: MessageService,
    private readonly messages: MessageStore,
    private readonly cancellation: ReplyCancellationService,
    private readonly streams: ReplyStreamService,
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
      'gets exactly one final state. With `Accept: text/event-stream` the answer is the stream of the reply itself, ' +
      'beginning with an event `accepted` that holds `{message, reply}`.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Repeat a request under the same key within 24 h and get the same message.',
  })
  @ApiHeader(LAST_EVENT_ID)
  @ApiResponse({
    status: 202,
    description: 'Accepted.',
    type: AcceptedMessageResponse,
    headers: { ...QUOTA_HEADERS, ...REPLAYED_HEADER },
  })
  @ApiResponse({
    status: 200,
    description: 'Accepted, and streaming (`Accept: text/event-stream`).',
    headers: { ...QUOTA_HEADERS, ...REPLAYED_HEADER },
    content: ACCEPTED_STREAM,
  })
  @ApiProblem(422, 'idempotency_key_reused')
  @ApiProblem(429, 'daily_quota_exceeded', 'too_many_streams')
  @ApiProblem(503, 'capacity_reached')
  async send(
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Body() { content }: SendMessageRequest,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) http: FastifyReply,
  ): Promise<AcceptedMessageResponse | undefined> {
    const streaming = accept?.includes('text/event-stream') === true;
    if (streaming) this.streams.assertStreamSlot(user.userId);
    const key = readIdempotencyKey(keyHeader, [chatroomId, content]);
    const accepted = await this.service.send(user.userId, chatroomId, content, key);
    if (accepted.replayed) http.header('Idempotency-Replayed', 'true');
    const body = { message: toMessageResponse(accepted.message), reply: toMessageResponse(accepted.reply) };
    setAcceptanceHeaders(http, body.reply, accepted.quota, accepted.at);
    if (!streaming) return body;
    const from = parsePosition(lastEventId);
    const target = { userId: user.userId, chatroomId, replyId: body.reply.id };
    // A client that is dropped right behind this event reconnects with its id: it must not tell of another position.
    const first = { event: 'accepted', id: eventIdBehind(from), data: body };
    await this.streams.streamAccepted(http, user, target, from, first);
    return undefined;
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
    description: 'Newest first.',
  })
  @ApiResponse({ status: 200, type: MessagePageResponse })
  async variants(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('messageId') messageId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<MessagePageResponse> {
    const before = decodeCursor(MessagePosition, cursor)?.seq ?? MAX_SEQ;
    const read = (count: number) => this.messages.findVariants(userId, chatroomId, messageId, count, before);
    const { items, nextCursor } = await readPage(limit, read, MessagePosition.of);
    if (items.length === 0 && (await this.messages.find(userId, chatroomId, messageId))?.role !== 'user') {
      throw new MessageNotFoundError();
    }
    return { items: items.map(toMessageResponse), nextCursor };
  }

  @Get(':replyId/stream')
  @ApiOperation({
    operationId: 'streamReply',
    summary: 'Stream a reply',
    description:
      'Server-sent events: `delta` `{"text"}`; `reset` `{}`: forget the text so far, a fresh attempt begins; `done`: the ' +
      'whole message in its final state, after which the stream ends. The texts of all deltas after the last reset add up ' +
      'to exactly the stored `content`, from whichever moment, replica or `Last-Event-ID` one reads.',
  })
  @ApiHeader(LAST_EVENT_ID)
  @ApiResponse({ status: 200, description: 'The stream.', content: STREAM })
  @ApiProblem(429, 'too_many_streams')
  stream(
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() http: FastifyReply,
  ): Promise<void> {
    const target = { userId: user.userId, chatroomId, replyId };
    return this.streams.stream(http, user, target, parsePosition(lastEventId));
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
  @ApiResponse({ status: 202, description: 'Accepted.', type: AcceptedReplyResponse, headers: QUOTA_HEADERS })
  @ApiProblem(409, 'not_latest_reply', 'reply_in_progress')
  @ApiProblem(429, 'daily_quota_exceeded')
  @ApiProblem(503, 'capacity_reached')
  async regenerate(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Res({ passthrough: true }) http: FastifyReply,
  ): Promise<AcceptedReplyResponse> {
    const accepted = await this.service.regenerate(userId, chatroomId, replyId);
    const reply = toMessageResponse(accepted.reply);
    setAcceptanceHeaders(http, reply, accepted.quota, accepted.at);
    return { reply };
  }
}

/** Where the reply is, and the quota beside the limits that the rate-limit guard has told. */
function setAcceptanceHeaders(http: FastifyReply, reply: MessageResponse, quota: DailyQuota, at: Date): void {
  http.header('Location', `/chatroom/${reply.chatroomId}/message/${reply.id}`);
  const policy = dailyMessagesPolicy(quota, at);
  if (policy === null) return;
  for (const [name, value] of Object.entries(rateLimitHeaders(policy))) {
    const others = http.getHeader(name);
    http.header(name, others === undefined ? value : `${value}, ${String(others)}`);
  }
}
