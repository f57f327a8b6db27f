import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Matches, MaxLength } from 'class-validator';

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
  // eslint-disable-next-line no-control-regex -- NUL is just what must be kept out
  @Matches(/^[^\u0000]*[^\s\u0000][^\u0000]*$/, {
    message: 'content must hold more than white space and no NUL character',
  })
  content!: string;
}
