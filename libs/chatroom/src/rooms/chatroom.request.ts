import { MODEL_NAME } from '@app/contracts';
import { PageQuery } from '@app/platform';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { BlankIsNull, HasNoNul, Trimmed } from '../text/text.decorators.js';
import { THINKING, type Thinking } from './generation-settings.js';

/** In characters, after white space around it was removed. */
const MAX_TITLE_LENGTH = 200;

/** In characters. Together with a page's history it stays well inside of what the models take. */
const MAX_SYSTEM_INSTRUCTION_LENGTH = 8_000;

/** What Gemini takes (ai.google.dev/api/generate-content#generationconfig). */
const MAX_TEMPERATURE = 2;

/** Far more than any model writes in one go; what a plan allows is less. */
const MAX_OUTPUT_TOKENS = 1_000_000;

/** Left out is fine; null is not, unless it has a meaning. */
const MayBeAbsent = () => ValidateIf((_, value) => value !== undefined);
const MayBeAbsentOrNull = () => ValidateIf((_, value) => value !== undefined && value !== null);

const IsTitle = () =>
  applyDecorators(
    MayBeAbsentOrNull(),
    Trimmed(),
    IsString(),
    Length(1, MAX_TITLE_LENGTH),
    HasNoNul(),
    ApiPropertyOptional({
      type: 'string',
      nullable: true,
      minLength: 1,
      maxLength: MAX_TITLE_LENGTH,
      description:
        'White space around it is removed. Null: no title; a room without one is named from its next completed exchange.',
      example: 'Why the sky is blue',
    }),
  );

const IsSystemInstruction = () =>
  applyDecorators(
    BlankIsNull(),
    MayBeAbsentOrNull(),
    IsString(),
    MaxLength(MAX_SYSTEM_INSTRUCTION_LENGTH),
    HasNoNul(),
    ApiPropertyOptional({
      type: 'string',
      nullable: true,
      maxLength: MAX_SYSTEM_INSTRUCTION_LENGTH,
      description: 'What the model is told before the conversation, from the next reply on. Null or blank: nothing.',
      example: 'Answer in two sentences at most.',
    }),
  );

const IsModelName = () =>
  applyDecorators(
    MayBeAbsentOrNull(),
    Matches(MODEL_NAME, { message: 'model must be the name of a model, without "models/"' }),
    ApiPropertyOptional({
      type: 'string',
      nullable: true,
      pattern: MODEL_NAME.source,
      description:
        'The model that answers in this room, from the next reply on: one that is on offer, and that your plan has ' +
        "(`GET /models`). Null: the default of your plan. It answers, too, when your plan doesn't have the model any more.",
      example: 'gemini-flash-latest',
    }),
  );

const IsThinking = () =>
  applyDecorators(
    MayBeAbsentOrNull(),
    IsIn(THINKING),
    ApiPropertyOptional({
      type: 'string',
      nullable: true,
      enum: [...THINKING, null],
      description:
        'How much the model thinks before it answers, from the next reply on: what it thinks is paid for like an answer. ' +
        'Null: as it does by itself.',
      example: 'low',
    }),
  );

const IsTemperature = () =>
  applyDecorators(
    MayBeAbsentOrNull(),
    IsNumber({ allowNaN: false, allowInfinity: false }),
    Min(0),
    Max(MAX_TEMPERATURE),
    ApiPropertyOptional({
      type: 'number',
      nullable: true,
      minimum: 0,
      maximum: MAX_TEMPERATURE,
      description: "How freely the model chooses its words, from the next reply on. Null: the model's own.",
      example: 0.7,
    }),
  );

const IsMaxOutputTokens = () =>
  applyDecorators(
    MayBeAbsentOrNull(),
    IsInt(),
    Min(1),
    Max(MAX_OUTPUT_TOKENS),
    ApiPropertyOptional({
      type: 'integer',
      nullable: true,
      minimum: 1,
      maximum: MAX_OUTPUT_TOKENS,
      description:
        'The longest reply in tokens, from the next one on, with what the model thinks before it: a small one may leave no ' +
        "text at all. The plan's limit holds as well. Null: that one alone.",
      example: 1024,
    }),
  );

const IsSwitch = (description: string) =>
  applyDecorators(MayBeAbsent(), IsBoolean(), ApiPropertyOptional({ type: 'boolean', description, example: false }));

/** How the model is to answer in a room. */
class GenerationSettingsRequest {
  @IsThinking()
  thinking?: Thinking | null;

  @IsTemperature()
  temperature?: number | null;

  @IsMaxOutputTokens()
  maxOutputTokens?: number | null;

  @IsSwitch(
    'Whether replies tell what the model thinks, from the next one on: the event `thought`, and `thoughts` of messages.',
  )
  showThoughts?: boolean;

  @IsSwitch(
    'Whether the model may search the web, from the next reply on: searches may be paid for. Replies have `sources` then.',
  )
  search?: boolean;
}

/** A room to be opened. */
export class CreateChatroomRequest extends GenerationSettingsRequest {
  @IsTitle()
  title?: string | null;

  @IsSystemInstruction()
  systemInstruction?: string | null;

  @IsModelName()
  model?: string | null;
}

/** What is to change of a room; what is left out stays. */
export class UpdateChatroomRequest extends GenerationSettingsRequest {
  @IsTitle()
  title?: string | null;

  @IsSystemInstruction()
  systemInstruction?: string | null;

  @IsModelName()
  model?: string | null;

  @ApiPropertyOptional({ type: 'boolean', description: 'Pinned rooms come first in the list.', example: true })
  @MayBeAbsent()
  @IsBoolean()
  pinned?: boolean;

  @ApiPropertyOptional({ type: 'boolean', description: 'Archived rooms leave the list.', example: false })
  @MayBeAbsent()
  @IsBoolean()
  archived?: boolean;
}

/** What is to be copied of a room. */
export class ForkChatroomRequest {
  @ApiProperty({
    type: 'string',
    format: 'uuid',
    description: 'The last message of the copy: one of yours, or a reply, also one that was replaced since.',
    example: '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20',
  })
  @IsUUID()
  messageId!: string;
}

const FLAGS: Record<string, boolean> = { true: true, false: false };

/** Which rooms are wanted. */
export class ListChatroomsQuery extends PageQuery {
  @ApiPropertyOptional({
    type: 'boolean',
    default: false,
    description: 'Whether the archived rooms are wanted, or the others.',
  })
  @Transform(({ value }: { value: unknown }) => FLAGS[String(value)] ?? value)
  @IsBoolean()
  archived = false;
}
