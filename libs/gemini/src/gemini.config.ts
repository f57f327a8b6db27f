import { IntegerVariable } from '@app/platform';
import { IsOptional, IsString, IsUrl, Matches, MinLength } from 'class-validator';

/** How to reach Gemini. */
export class GeminiConfig {
  /** From ai.google.dev; a stand-in takes any. */
  @IsString()
  @MinLength(1)
  GEMINI_API_KEY!: string;

  /** The model for rooms that don't choose one. An alias such as the default follows Google's newest. */
  @Matches(/^[a-z0-9][a-z0-9.-]{0,99}$/)
  GEMINI_MODEL = 'gemini-flash-latest';

  /** A server that speaks Gemini's wire format; blank: Google. */
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_tld: false, require_protocol: true })
  GEMINI_BASE_URL?: string;

  /** Milliseconds without a sign of the model, before its first word or between two, after which a call has failed. */
  @IntegerVariable(100, 300_000)
  GEMINI_TIMEOUT_MS = 30_000;
}
