import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches, MaxLength } from 'class-validator';
import { HasNoNul } from '../text/has-no-nul.decorator.js';

/** The longest message that is accepted, in UTF-16 units. */
const MAX_CONTENT_LENGTH = 32_000;

/** A message to send. */
export class SendMessageRequest {
  @ApiProperty({
    description: 'The text. Not blank, and without the NUL character, which PostgreSQL cannot store.',
    minLength: 1,
    maxLength: MAX_CONTENT_LENGTH,
    example: 'Why is the sky blue?',
  })
  // Half a character can't be stored either: what is answered now and what is read later must be the same.
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toWellFormed() : value))
  @IsString()
  @MaxLength(MAX_CONTENT_LENGTH)
  @Matches(/\S/, { message: 'content must hold more than white space' })
  @HasNoNul()
  content!: string;
}
