import { MODEL_NAME } from '@app/contracts';
import { PageQuery } from '@app/platform';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsString, Length, Matches, MaxLength, ValidateIf } from 'class-validator';
import { BlankIsNull, HasNoNul, Trimmed } from '../text/text.decorators.js';

/** In characters, after white space around it was removed. */
const MAX_TITLE_LENGTH = 200;

/** In characters. Together with a page's history it stays well inside of what the models take. */
const MAX_SYSTEM_INSTRUCTION_LENGTH = 8_000;

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

/** A room to be opened. */
export class CreateChatroomRequest {
  @IsTitle()
  title?: string | null;

  @IsSystemInstruction()
  systemInstruction?: string | null;

  @IsModelName()
  model?: string | null;
}

/** What is to change of a room; what is left out stays. */
export class UpdateChatroomRequest {
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
