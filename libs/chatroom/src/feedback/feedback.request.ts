import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength, ValidateIf } from 'class-validator';
import { type Rating, RATINGS } from '../messages/message.row.js';
import { BlankIsNull, HasNoNul, WellFormed } from '../text/text.decorators.js';

/** In characters. */
const MAX_COMMENT_LENGTH = 2_000;

/** What somebody thinks of a reply, in place of what was said of it before. */
export class FeedbackRequest {
  @ApiProperty({
    type: 'string',
    enum: [...RATINGS, null],
    nullable: true,
    description: 'Null: no rating. Without a comment, too, the feedback is removed.',
    example: 'up',
  })
  @ValidateIf((_, value) => value !== null)
  @IsIn(RATINGS)
  rating!: Rating | null;

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    maxLength: MAX_COMMENT_LENGTH,
    description: 'Left out, null or blank: no comment.',
    example: 'Short and clear.',
  })
  @WellFormed()
  @BlankIsNull()
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsString()
  @MaxLength(MAX_COMMENT_LENGTH)
  @HasNoNul()
  comment?: string | null;
}
