import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Min,
  ValidateNested,
} from 'class-validator';
import { Behaviour } from './gemini.behaviour.js';
import { type Method, METHODS } from './gemini.call.js';
import { type Outcome, OUTCOMES } from './gemini.journal.js';
import type { CallMatch } from './gemini.script.js';

/** A filter of calls: those that meet every given field. */
class CallMatchRequest implements CallMatch {
  @IsOptional()
  @IsString()
  apiKey?: string;

  @IsOptional()
  @IsString()
  model?: string;

  @IsOptional()
  @IsIn([...METHODS, 'any'])
  method?: Method | 'any';

  @IsOptional()
  @IsString()
  prompt?: string;

  @IsOptional()
  @IsString()
  promptIs?: string;

  @IsOptional()
  @IsString()
  system?: string;
}

/** A new rule of the script. */
export class RuleRequest {
  @ValidateNested()
  @Type(() => CallMatchRequest)
  match = new CallMatchRequest();

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => Behaviour)
  behaviours!: Behaviour[];

  /** How many times the behaviours are repeated; absent or null: without limit. */
  @IsOptional()
  @IsInt()
  @Min(1)
  times: number | null = null;
}

/** The filters of the journal. */
export class JournalQuery extends CallMatchRequest {
  @IsOptional()
  @IsIn(OUTCOMES)
  outcome?: Outcome;
}
