import { OpenEnumProperty } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';
import { MessageResponse } from '../messages/message.response.js';
import { type GenerationSettings, THINKING, type Thinking } from './generation-settings.js';

/** A room: one conversation and its settings. */
export class ChatroomResponse implements GenerationSettings {
  @ApiProperty({ type: 'string', format: 'uuid', example: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10' })
  id!: string;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Null until the room is named, by its owner or from its first exchange.',
    example: 'Why the sky is blue',
  })
  title!: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'What the model is told before the conversation.',
    example: 'Answer in two sentences at most.',
  })
  systemInstruction!: string | null;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'The model that was chosen for this room; null: the default of the plan.',
    example: 'gemini-flash-latest',
  })
  model!: string | null;

  @OpenEnumProperty({
    enum: THINKING,
    isNullable: true,
    description: 'How much the model thinks before it answers; null: as it does by itself.',
    example: 'low',
  })
  thinking!: Thinking | null;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description: "How freely the model chooses its words; null: the model's own.",
    example: 0.7,
  })
  temperature!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      "The longest reply in tokens, with what the model thinks before it; the plan's limit holds as well. Null: that one alone.",
    example: 1024,
  })
  maxOutputTokens!: number | null;

  @ApiProperty({ type: 'boolean', description: 'Whether replies tell what the model thinks.', example: false })
  showThoughts!: boolean;

  @ApiProperty({ type: 'boolean', description: 'Whether the model may search the web.', example: false })
  search!: boolean;

  @ApiProperty({ type: 'boolean', description: 'Pinned rooms come first in the list.', example: false })
  pinned!: boolean;

  @ApiProperty({ type: 'boolean', description: 'Archived rooms have a list of their own.', example: false })
  archived!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    description: 'When the room was last changed: a setting, its name, or a message sent.',
    example: '2026-11-23T09:30:00.000Z',
  })
  updatedAt!: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When a message was last sent, edited or regenerated; null in a new room.',
    example: '2026-11-23T09:30:00.000Z',
  })
  lastMessageAt!: string | null;
}

/** A room with a page of its messages. */
export class ConversationResponse extends ChatroomResponse {
  @ApiProperty({
    type: [MessageResponse],
    description: 'The newest messages, oldest first. Of several variants of a reply only the newest.',
  })
  messages!: MessageResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to older messages; null when there are none.' })
  nextCursor!: string | null;
}

/** A page of rooms. */
export class ChatroomPageResponse {
  @ApiProperty({ type: [ChatroomResponse] })
  items!: ChatroomResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to the next page; null on the last.' })
  nextCursor!: string | null;
}
