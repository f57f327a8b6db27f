import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

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
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 50;

  /** The `nextCursor` of the page before; absent for the first page. */
  @ApiPropertyOptional({
    type: 'string',
    maxLength: 1000,
    description: 'The `nextCursor` of the page before. Opaque; leave it out for the first page.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  cursor?: string;
}
