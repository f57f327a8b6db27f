import { plainToInstance } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, Max, Min, validateSync } from 'class-validator';
import { GoogleError } from './gemini.wire.js';

const BEHAVIOURS = [
  'answer',
  '400',
  '401',
  '402',
  '403',
  '404',
  '408',
  '409',
  '429',
  '499',
  '500',
  '502',
  '503',
  '504',
  'invalid_key',
  'precondition',
  'prompt_blocked',
  'safety',
  'recitation',
  'max_tokens',
  'max_tokens_empty',
  'empty',
  'thoughts',
  'cut',
  'error_mid_stream',
  'error_event_mid_stream',
  'malformed',
  'split_utf8',
  'hang',
  'hang_mid_stream',
  'reset',
  'reset_mid_stream',
] as const;
export type BehaviourType = (typeof BEHAVIOURS)[number];

const TEN_MINUTES_MS = 600_000;

/** How the model answers one call; README.md explains each type. */
export class Behaviour {
  @IsIn(BEHAVIOURS)
  type: BehaviourType = 'answer';

  /** The answer, instead of the echo. */
  @IsOptional()
  @IsString()
  text?: string;

  /** What the model thinks before it answers, told whether or not it is asked to; absent: as the call asks. */
  @IsOptional()
  @IsString()
  thoughts?: string;

  /** Whether thoughts and text come by turns, a thought first, instead of all thoughts before the text. */
  @IsBoolean()
  thoughtsBetween = false;

  /** Tokens of the prompt that count as cached. */
  @IsInt()
  @Min(0)
  cachedTokens = 0;

  /** Tokens that the model thinks before it answers; null: as many as the thoughts that are told take. */
  @IsOptional()
  @IsInt()
  @Min(0)
  thoughtTokens: number | null = null;

  /** What the model searches for where it may: so many queries; with 0 it answers without a search. */
  @IsInt()
  @Min(0)
  @Max(100)
  searches = 1;

  /** Milliseconds before the first byte. */
  @IsInt()
  @Min(0)
  @Max(TEN_MINUTES_MS)
  latencyMs = 0;

  /** Pieces of text per second; 0: as fast as possible; null: as the sandbox is set. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  tokensPerSecond: number | null = null;

  /** Characters (code points) in a piece. */
  @IsInt()
  @Min(1)
  chunkSize = 12;

  /** The number of pieces before a failure. */
  @IsInt()
  @Min(0)
  afterChunks = 2;

  /** Milliseconds in the `RetryInfo` of a 429; null: without `RetryInfo`. */
  @IsOptional()
  @IsInt()
  @Min(0)
  retryAfterMs: number | null = 1000;

  @IsString()
  blockReason = 'SAFETY';

  /** The HTTP status of an error in the middle of a stream. */
  @IsInt()
  @Min(400)
  @Max(599)
  status = 503;
}

const DIRECTIVE = /\[\[behaviour:(\w+)((?:\s+\w+=[^\s\]]+)*)\s*\]\]/;

/** A behaviour that a prompt asks for. */
export class Directive extends Behaviour {
  /** For how many calls of the same conversation it holds, before one is answered plainly; null: for all. */
  @IsOptional()
  @IsInt()
  @Min(1)
  times: number | null = null;
}

/**
 * The behaviour that a prompt asks for, e.g. `[[behaviour:cut afterChunks=1]]`; null when it asks for none.
 * @throws GoogleError 400 that names what is wrong with the directive
 */
export function directiveIn(prompt: string): Directive | null {
  const directive = DIRECTIVE.exec(prompt);
  if (directive === null) return null;
  const [, type, options = ''] = directive;
  const given = options.trim().split(/\s+/).filter(Boolean).map(readOption);
  const behaviour = plainToInstance(Directive, { type, ...Object.fromEntries(given) });
  const [problem] = validateSync(behaviour, { whitelist: true, forbidNonWhitelisted: true });
  if (problem === undefined) return behaviour;
  const rules = Object.values(problem.constraints ?? {}).join('; ');
  throw new GoogleError(400, 'INVALID_ARGUMENT', `Sandbox directive: ${rules}`);
}

function readOption(option: string): [name: string, value: string | number | boolean] {
  const [name = '', value = ''] = option.split('=');
  if (name === 'thoughtsBetween') return [name, value === 'true'];
  return [name, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value];
}
