import { FileResponse, fileResponseOf } from '@app/file';
import { OpenEnumProperty } from '@app/platform';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  MESSAGE_ROLES,
  MESSAGE_STATUSES,
  type MessageFeedback,
  type MessageRole,
  type MessageRow,
  type MessageSource,
  type MessageStatus,
  type Rating,
  RATINGS,
  REPLY_ERROR_CODES,
  type ReplyErrorCode,
  type TextRange,
} from './message.row.js';

/** What a reply cost. */
@ApiSchema({ description: 'What a reply cost. Null of a message, and of a reply until the model reported it.' })
export class MessageUsageResponse {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Tokens of the request, history included.', example: 12 })
  promptTokens!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Those of them that the vendor had cached.', example: 0 })
  cachedTokens!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    description: 'Tokens that the model thought before it answered.',
    example: 0,
  })
  thoughtTokens!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Tokens of the reply, without thoughts.', example: 48 })
  replyTokens!: number;
}

/** Why a reply brought no complete answer. */
@ApiSchema({ description: 'Why a reply is `failed` or `blocked`. Null of any other message.' })
export class MessageErrorResponse {
  @OpenEnumProperty({ enum: REPLY_ERROR_CODES, description: 'Stable, for programs.', example: 'model_unavailable' })
  code!: ReplyErrorCode;

  @ApiProperty({ type: 'string', description: 'One sentence for people.', example: 'The model did not answer.' })
  detail!: string;
}

/** What the owner of a reply thinks of it. */
@ApiSchema({ description: 'What you think of a reply. Null of your own messages, and until you give some.' })
export class MessageFeedbackResponse implements MessageFeedback {
  @ApiProperty({
    type: 'string',
    enum: [...RATINGS, null],
    nullable: true,
    description: 'Whether it was good; null where you only left a comment.',
    example: 'up',
  })
  rating!: Rating | null;

  @ApiProperty({ type: 'string', nullable: true, description: 'In your words.', example: 'Short and clear.' })
  comment!: string | null;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    description: 'When you gave it as it stands.',
    example: '2026-11-23T09:31:10.000Z',
  })
  createdAt!: string;
}

/** A part of a message's `content`. */
@ApiSchema({ description: 'A part of `content`, in UTF-16 code units, as JavaScript, Java and others count them.' })
export class TextRangeResponse implements TextRange {
  @ApiProperty({ type: 'integer', minimum: 0, description: 'Where it begins.', example: 0 })
  start!: number;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Where it ends: the position behind it.', example: 45 })
  end!: number;
}

/** A page of the web that a reply is founded on. */
@ApiSchema({ description: 'A page of the web that the model found and that its reply is founded on.' })
export class MessageSourceResponse implements MessageSource {
  @ApiProperty({ type: 'string', description: 'Its title, often the name of the site.', example: 'example.com' })
  title!: string;

  @ApiProperty({
    type: 'string',
    description: "Where it is: an address of the vendor's that leads there. Only http and https.",
    example: 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/AbCd',
  })
  uri!: string;

  @ApiProperty({ type: [TextRangeResponse], description: 'The parts of the reply that it supports; may be empty.' })
  ranges!: TextRangeResponse[];
}

/** A message of the user, or the bot's reply to one. */
export class MessageResponse {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20' })
  id!: string;

  @ApiProperty({ type: 'string', format: 'uuid', example: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10' })
  chatroomId!: string;

  @OpenEnumProperty({ enum: MESSAGE_ROLES, description: 'Who wrote it.', example: 'bot' })
  role!: MessageRole;

  @ApiProperty({
    type: 'string',
    description: 'The text. Of an unfinished reply: what is stored of it so far, possibly nothing.',
    example: 'Because the air scatters blue light the most.',
  })
  content!: string;

  @OpenEnumProperty({
    enum: MESSAGE_STATUSES,
    description:
      'A message of the user is `completed`. A reply is `queued`, then `generating`, then finally one of ' +
      '`completed`, `cancelled`, `failed`, `blocked`.',
    example: 'completed',
  })
  status!: MessageStatus;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When it reached its final state; null before.',
    example: '2026-11-23T09:30:02.418Z',
  })
  completedAt!: string | null;

  @ApiProperty({
    type: 'string',
    format: 'uuid',
    nullable: true,
    description: 'Of a reply: the id of the user message that it answers.',
    example: '01936b2e-7c39-7f02-a6d1-52c9e04b7a11',
  })
  replyTo!: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Of a finished reply: the model version that answered, where it said so.',
    example: 'gemini-2.5-flash',
  })
  model!: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: "Of a finished reply: the model's own word for how it ended, where there was one.",
    example: 'STOP',
  })
  finishReason!: string | null;

  @ApiProperty({ type: MessageUsageResponse, nullable: true })
  usage!: MessageUsageResponse | null;

  @ApiProperty({ type: MessageErrorResponse, nullable: true })
  error!: MessageErrorResponse | null;

  @ApiProperty({ type: MessageFeedbackResponse, nullable: true })
  feedback!: MessageFeedbackResponse | null;

  @ApiProperty({
    type: [FileResponse],
    description: 'The files of your message, in your order. A reply has none.',
    example: [],
  })
  files!: FileResponse[];

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: "What the model told of its thoughts, where the room's `showThoughts` is on; not a part of `content`.",
    example: null,
  })
  thoughts!: string | null;

  @ApiProperty({
    type: [MessageSourceResponse],
    description: "What a finished reply is founded on, where the room's `search` is on and the model searched.",
  })
  sources!: MessageSourceResponse[];

  @ApiProperty({
    type: [String],
    description: 'What the model searched for.',
    example: [],
  })
  searchQueries!: string[];
}

/** A message row as clients see it. A plain object: serializers that look for decorators cost more than the query. */
export const toMessageResponse = (row: MessageRow): MessageResponse => responseOf(row, (time) => time.toISOString());

/** The same of a row that was read with `ISO_TIMES`. */
export const isoToMessageResponse = (row: MessageRow<string>): MessageResponse => responseOf(row, (time) => time);

function responseOf<Time>(row: MessageRow<Time>, iso: (time: Time) => string): MessageResponse {
  const { errorCode, errorDetail } = row;
  return {
    id: row.id,
    chatroomId: row.chatroomId,
    role: row.role,
    content: row.content,
    status: row.status,
    createdAt: iso(row.createdAt),
    completedAt: row.completedAt === null ? null : iso(row.completedAt),
    replyTo: row.replyTo,
    model: row.model,
    finishReason: row.finishReason,
    usage: usageOf(row),
    error: errorCode === null ? null : { code: errorCode as ReplyErrorCode, detail: errorDetail ?? '' },
    feedback: row.feedback,
    files: row.files?.map((file) => fileResponseOf(file, file.createdAt)) ?? [],
    thoughts: row.thoughts,
    sources: row.grounding?.sources ?? [],
    searchQueries: row.grounding?.searchQueries ?? [],
  };
}

function usageOf({
  promptTokens,
  cachedTokens,
  thoughtTokens,
  replyTokens,
}: MessageRow<unknown>): MessageUsageResponse | null {
  if (promptTokens === null) return null;
  return {
    promptTokens,
    cachedTokens: cachedTokens ?? 0,
    thoughtTokens: thoughtTokens ?? 0,
    replyTokens: replyTokens ?? 0,
  };
}
