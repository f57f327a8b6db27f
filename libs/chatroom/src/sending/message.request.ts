import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayUnique, IsArray, IsString, IsUUID, ValidateIf } from 'class-validator';
import { HasNoNul, HasTextUnless, LowerCased, WellFormed } from '../text/text.decorators.js';

/** More than any plan may allow (`plans.schema.json`). */
const MOST_FILES = 100;

/** Ids of files, each once. */
const FileIds = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: [String],
      format: 'uuid',
      description: `${description} How many a message may have depends on your plan (\`filesPerMessage\`).`,
      // None, so that the example as a whole can be sent.
      example: [],
    }),
    ValidateIf((_, value) => value !== undefined),
    LowerCased(),
    IsArray(),
    ArrayMaxSize(MOST_FILES),
    ArrayUnique(),
    IsUUID(undefined, { each: true }),
  );

/** A message to send. How long it may be, and how many files it may have, follows from the sender's plan, so what accepts it decides that. */
export class SendMessageRequest {
  @ApiProperty({
    description:
      'The text. Not blank, unless the request names `files`, and without the NUL character, which PostgreSQL cannot store. How many ' +
      'characters (Unicode code points) it may have depends on your plan; `validation_failed` says how many.',
    example: 'Why is the sky blue?',
  })
  @WellFormed()
  @IsString()
  @HasTextUnless<SendMessageRequest>(({ files }) => Array.isArray(files) && files.length > 0)
  @HasNoNul()
  content!: string;

  @FileIds(
    'The ids of files that you have uploaded (`POST /file`), in the order in which the model is to see them. With files the text may be ' +
      'empty.',
  )
  files?: string[];
}

/** What takes the place of a message. */
export class EditMessageRequest extends PickType(SendMessageRequest, ['content']) {
  @FileIds(
    'The ids of the files that the new message has, in their order. Left out: those of the old one stay. Empty: it has none.',
  )
  files?: string[];
}
