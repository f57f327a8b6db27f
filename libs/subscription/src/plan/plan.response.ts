import { OpenEnumProperty } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';
import { type FileKind, type Interval, INTERVALS } from '../catalogue/plan-catalogue.js';

/** A way to pay for a plan. */
export class PriceResponse {
  @OpenEnumProperty({ enum: INTERVALS, description: 'How often it is paid.', example: 'month' })
  interval!: Interval;
}

/** A plan on offer. */
export class PlanResponse {
  @ApiProperty({ description: "The plan's name in paths and answers.", example: 'pro' })
  plan!: string;

  @ApiProperty({ description: 'What people read.', example: 'Pro' })
  label!: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    minimum: 0,
    description: 'Messages per UTC day; null: no limit.',
    example: null,
  })
  dailyMessages!: number | null;

  @ApiProperty({
    type: [String],
    description: 'The names of the models that its rooms may choose.',
    example: ['gemini-flash-latest'],
  })
  models!: string[];

  @ApiProperty({ type: [PriceResponse], description: 'How it can be bought. Empty: not at all.' })
  prices!: PriceResponse[];
}

/** All plans. */
export class PlansResponse {
  @ApiProperty({ type: [PlanResponse], description: 'The one that costs nothing first.' })
  items!: PlanResponse[];
}

/** A model on offer. */
export class ModelResponse {
  @ApiProperty({ description: 'What a room has as its `model`.', example: 'gemini-flash-latest' })
  name!: string;

  @ApiProperty({ description: 'What people read.', example: 'Flash' })
  label!: string;

  @ApiProperty({ type: 'boolean', description: 'Whether your plan has it.', example: true })
  available!: boolean;

  @ApiProperty({
    type: 'boolean',
    description: 'Whether it answers in rooms without a model, on your plan.',
    example: true,
  })
  default!: boolean;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description:
      'The longest answer in tokens, together with what the model thinks before it: on your plan, or on the first that ' +
      'has the model.',
    example: 4096,
  })
  maxOutputTokens!: number;

  @ApiProperty({
    type: [String],
    description: 'The kinds of files that it takes in messages: `image`, `pdf`, `audio`, `text`. Kinds may be added.',
    example: ['image', 'pdf', 'audio', 'text'],
  })
  files!: readonly FileKind[];

  @ApiProperty({ type: [String], description: 'The plans that have it.', example: ['basic', 'pro'] })
  plans!: string[];
}

/** All models. */
export class ModelsResponse {
  @ApiProperty({ type: [ModelResponse] })
  items!: ModelResponse[];
}
