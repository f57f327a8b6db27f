import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { WholeNumber } from '../config/whole-number.decorator.js';

/** The longest cursor that a list makes is that of rooms, with the ids of a hundred of them. */
const MAX_CURSOR_LENGTH = 2_000;

/** Which part of a list is wanted; lists with filters extend it. */
export class PageQuery {
  /** How many items at most. */
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 50,
    description: 'How many items at most.',
  })
  @WholeNumber()
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  /** The `nextCursor` of the page before; absent for the first page. */
  @ApiPropertyOptional({
    type: 'string',
    maxLength: MAX_CURSOR_LENGTH,
    description: 'The `nextCursor` of the page before. Opaque; leave it out for the first page.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_CURSOR_LENGTH)
  cursor?: string;
}
