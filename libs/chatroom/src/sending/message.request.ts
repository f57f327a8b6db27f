import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';
import { HasNoNul, WellFormed } from '../text/text.decorators.js';

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
  @WellFormed()
  @IsString()
  @MaxLength(MAX_CONTENT_LENGTH)
  @Matches(/\S/, { message: 'content must hold more than white space' })
  @HasNoNul()
  content!: string;
}
