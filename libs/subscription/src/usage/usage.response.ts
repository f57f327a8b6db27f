import { OpenEnumProperty } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';
import { PURPOSES } from './used-tokens.js';

const count = (description: string, example: number) =>
  ({ type: 'integer', minimum: 0, description, example }) as const;

/** What a user's model calls of one day, model and purpose used. */
export class UsageResponse {
  @ApiProperty({ format: 'date', description: 'The UTC day.', example: '2026-11-23' })
  day!: string;

  @ApiProperty({ description: 'The model as it was asked for.', example: 'gemini-flash-latest' })
  model!: string;

  @OpenEnumProperty({
    enum: PURPOSES,
    description: 'What the model was called for: a reply, or the title of a room.',
    example: 'reply',
  })
  purpose!: string;

  @ApiProperty(count('Calls, also those that failed or were stopped, and those that were made again.', 12))
  calls!: number;

  @ApiProperty(count('Those of `calls` whose use is an estimate, since the call was cut off before the model said.', 1))
  estimatedCalls!: number;

  @ApiProperty(count('Tokens that the model was shown.', 9_200))
  promptTokens!: number;

  @ApiProperty(count('The part of `promptTokens` that the vendor had cached.', 4_000))
  cachedTokens!: number;

  @ApiProperty(count('Tokens that the model thought; no part of `replyTokens`.', 800))
  thoughtTokens!: number;

  @ApiProperty(count('Tokens that the model answered.', 3_100))
  replyTokens!: number;

  @ApiProperty(
    count('Searches of the web as the vendor bills them: by query, or for older models by answer that searched.', 3),
  )
  searches!: number;

  @ApiProperty({
    type: 'number',
    nullable: true,
    minimum: 0,
    description:
      "What it costs at the catalogue's prices, searches included, in US dollars; null for a model without a price.",
    example: 0.01143,
  })
  costUsd!: number | null;
}

/** A page of what the user's model calls used. */
export class UsagePageResponse {
  @ApiProperty({ type: [UsageResponse] })
  items!: UsageResponse[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Leads to the next page; null on the last.' })
  nextCursor!: string | null;
}
