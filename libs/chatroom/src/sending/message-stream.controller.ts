import { type AuthenticatedUser, CurrentUser, RateLimit } from '@app/auth';
import { ApiProblem, NoBodyRequest } from '@app/platform';
import { DailyQuotaGuard } from '@app/subscription';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { toMessageResponse } from '../messages/message.response.js';
import { ApiReplyEvents, REPLY_STREAM_EVENT } from './reply-event.response.js';
import { type AcceptedReply, ReplyStreamService } from '../streams/reply-stream.service.js';
import { ACCEPTANCE_HEADERS, setAcceptanceHeaders } from './acceptance-headers.js';
import { regenerateRequest, requireIdempotencyKey, sendRequest } from './idempotency-key.js';
import type { AcceptedMessageResponse, AcceptedReplyResponse } from './message-accepted.response.js';
import type { AcceptedVariant } from './message-acceptance.store.js';
import { SendMessageRequest } from './message.request.js';
import { MessageService } from './message.service.js';

const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  required: false,
  description:
    'The id of the last event that was read: the stream goes on right behind it. With the id of `done`: 204.',
};

const REPEATED_LAST_EVENT_ID = {
  ...LAST_EVENT_ID,
  description:
    'The id of the last event that was read. It counts only where the `Idempotency-Key` came before with the same request: ' +
    'the stream then goes on right behind it. With the id of `done`: 204.',
};

const REQUIRED_KEY = {
  name: 'Idempotency-Key',
  required: true,
  description:
    'A client that reconnects repeats the request: under the same key it goes on with its reply, and nothing is sent twice.',
};

const REPLY_EVENTS =
  'event: delta\nid: 1-11-3f0a5c1e8b20\ndata: {"text":"Because the"}\n\n' +
  'event: delta\nid: 1-15-3f0a5c1e8b20\ndata: {"text":" air"}\n\n' +
  'event: done\nid: done-3f0a5c1e8b20\ndata: {"id":"…","status":"completed","content":"Because the air",…}\n\n';

/** A stream as it is sent, in Markdown. */
const asSent = (events: string): string => `\n\n\`\`\`\nretry: 500\n${events.trimEnd()}\n\`\`\``;

const accepted = (data: string): string =>
  asSent(`event: accepted\nid: 0-0-3f0a5c1e8b20\ndata: ${data}\n\n${REPLY_EVENTS}`);

/** OpenAPI 3.1 has one place for what a stream holds: the schema is that of each event (3.2 calls it `itemSchema`). */
const STREAM = {
  'text/event-stream': {
    schema: REPLY_STREAM_EVENT,
    examples: {
      delta: { value: { event: 'delta', id: '1-11-3f0a5c1e8b20', data: { text: 'Because the' } } },
      reset: { value: { event: 'reset', id: '2-0-3f0a5c1e8b20', data: {} } },
    },
  },
};

const EVENTS =
  '`delta` `{"text"}`; `thought` `{"text"}`: what the model tells of its thoughts, before, between or after deltas; `reset` `{}`: forget ' +
  'text, thoughts and sources so far, a fresh attempt begins; `sources` `{"sources", "searchQueries"}`, where the model searched; `done`: ' +
  'the whole message in its final state, after which the stream ends. The texts of all deltas after the last reset add up to exactly the ' +
  'stored `content`, those of all thoughts to `thoughts`, from whichever moment, replica or `Last-Event-ID` one reads. The schema is that of each event (`ReplyStreamEvent`), not of the whole ' +
  'answer.';

const ENDED = { status: 204, description: '`Last-Event-ID` is the id of `done`: there is nothing more to read.' };

/** Streams replies as server-sent events: those that are there, and those that the request itself has led to. */
@ApiTags('Messages')
@ApiBearerAuth()
@ApiProblem(404, 'chatroom_not_found', 'message_not_found')
@ApiReplyEvents()
@Controller('chatroom/:id/message')
export class MessageStreamController {
  constructor(
    private readonly service: MessageService,
    private readonly streams: ReplyStreamService,
  ) {}

  @Post('stream')
  @RouteConfig({ hasOwnBound: true })
  @HttpCode(200)
  @RateLimit('send')
  @UseGuards(DailyQuotaGuard)
  @ApiOperation({
    operationId: 'sendMessageAndStream',
    summary: 'Send a message and stream its reply',
    description:
      `As \`sendMessage\`, but the answer is a stream of server-sent events: \`accepted\` \`{message, reply}\`, then ${EVENTS}` +
      accepted('{"message":{"id":"…",…},"reply":{"id":"…","status":"queued",…}}'),
  })
  @ApiHeader(REQUIRED_KEY)
  @ApiHeader(REPEATED_LAST_EVENT_ID)
  @ApiResponse({
    status: 200,
    description: 'Accepted, and streaming.',
    headers: ACCEPTANCE_HEADERS,
    content: STREAM,
  })
  @ApiResponse({ ...ENDED, headers: ACCEPTANCE_HEADERS })
  @ApiProblem(400, 'idempotency_key_required')
  @ApiProblem(404, 'chatroom_not_found', 'file_not_found')
  @ApiProblem(422, 'idempotency_key_reused', 'model_cannot_take_file')
  @ApiProblem(429, 'daily_quota_exceeded', 'too_many_streams')
  @ApiProblem(503, 'capacity_reached')
  async send(
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Body() body: SendMessageRequest,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() http: FastifyReply,
  ): Promise<void> {
    const key = requireIdempotencyKey(keyHeader, sendRequest(chatroomId, body.content, body.files));
    await this.streams.streamAccepted(http, user, lastEventId, async () => {
      const sent = await this.service.send(user.userId, chatroomId, body, key);
      const { message, reply } = sent;
      const data: AcceptedMessageResponse = { message: toMessageResponse(message), reply: toMessageResponse(reply) };
      return acceptedReply(http, user, sent, data);
    });
  }

  @Get(':replyId/stream')
  @RouteConfig({ hasOwnBound: true })
  @ApiOperation({
    operationId: 'streamReply',
    summary: 'Stream a reply',
    description: `Server-sent events: ${EVENTS}${asSent(REPLY_EVENTS)}`,
  })
  @ApiHeader(LAST_EVENT_ID)
  @ApiResponse({ status: 200, description: 'The stream.', content: STREAM })
  @ApiResponse(ENDED)
  @ApiProblem(429, 'too_many_streams')
  stream(
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() http: FastifyReply,
  ): Promise<void> {
    return this.streams.stream(http, user, { userId: user.userId, chatroomId, replyId }, lastEventId);
  }

  @Post(':replyId/regenerate/stream')
  @RouteConfig({ hasOwnBound: true })
  @HttpCode(200)
  @RateLimit('send')
  @UseGuards(DailyQuotaGuard)
  @ApiOperation({
    operationId: 'regenerateReplyAndStream',
    summary: "Renew the room's latest reply, and stream the new one",
    description:
      `As \`regenerateReply\`, but the answer is a stream of server-sent events: \`accepted\` \`{reply}\`, then ${EVENTS}` +
      accepted('{"reply":{"id":"…","status":"queued",…}}'),
  })
  @ApiHeader(REQUIRED_KEY)
  @ApiHeader(REPEATED_LAST_EVENT_ID)
  @ApiResponse({
    status: 200,
    description: 'Accepted, and streaming.',
    headers: ACCEPTANCE_HEADERS,
    content: STREAM,
  })
  @ApiResponse({ ...ENDED, headers: ACCEPTANCE_HEADERS })
  @ApiProblem(400, 'idempotency_key_required')
  @ApiProblem(409, 'not_latest_reply', 'reply_in_progress')
  @ApiProblem(422, 'idempotency_key_reused', 'model_cannot_take_file')
  @ApiProblem(429, 'daily_quota_exceeded', 'too_many_streams')
  @ApiProblem(503, 'capacity_reached')
  async regenerate(
    @Body() _nothing: NoBodyRequest,
    @CurrentUser() user: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() http: FastifyReply,
  ): Promise<void> {
    const key = requireIdempotencyKey(keyHeader, regenerateRequest(chatroomId, replyId));
    await this.streams.streamAccepted(http, user, lastEventId, async () => {
      const variant = await this.service.regenerate(user.userId, chatroomId, replyId, key);
      const data: AcceptedReplyResponse = { reply: toMessageResponse(variant.reply) };
      return acceptedReply(http, user, variant, data);
    });
  }
}

/** Sets the headers of what was accepted, and says what is streamed now. */
function acceptedReply(
  http: FastifyReply,
  { userId }: AuthenticatedUser,
  accepted: AcceptedVariant,
  data: object,
): AcceptedReply {
  setAcceptanceHeaders(http, accepted);
  const { id: replyId, chatroomId } = accepted.reply;
  return { target: { userId, chatroomId, replyId }, replayed: accepted.replayed, data };
}
