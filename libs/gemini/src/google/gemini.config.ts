import { EndpointVariable, IntegerVariable, SecretVariable } from '@app/platform';
import { IsIn, IsOptional, ValidateIf } from 'class-validator';

/** Google's SDKs that can speak with Gemini, by the names of their packages. */
export const GEMINI_SDKS = ['generative-ai', 'genai'] as const;
export type GeminiSdk = (typeof GEMINI_SDKS)[number];

/** How to reach Gemini. */
export class GeminiConfig {
  /** From ai.google.dev. Only a stand-in can do without. */
  @ValidateIf(({ GEMINI_API_KEY: key, GEMINI_BASE_URL: url }: GeminiConfig) => key !== undefined || url === undefined)
  @SecretVariable()
  GEMINI_API_KEY?: string;

  /** A server that speaks Gemini's wire format; blank: Google. */
  @IsOptional()
  @EndpointVariable()
  GEMINI_BASE_URL?: string;

  /** Which of Google's SDKs speaks with Gemini: `@google/generative-ai`, or its successor `@google/genai`. */
  @IsIn(GEMINI_SDKS)
  GEMINI_SDK: GeminiSdk = 'generative-ai';

  /**
   * Milliseconds to connect and hear the first of an answer. A model may think for a while before it speaks. While files are sent, the
   * time begins anew with each part that the connection takes, so that a slow line may take `GEMINI_CALL_TIMEOUT_MS`.
   */
  @IntegerVariable(100, 300_000)
  GEMINI_FIRST_BYTE_TIMEOUT_MS = 60_000;

  /** Milliseconds between two pieces of an answer. */
  @IntegerVariable(100, 300_000)
  GEMINI_IDLE_TIMEOUT_MS = 30_000;

  /** Milliseconds for a whole call. */
  @IntegerVariable(100, 3_600_000)
  GEMINI_CALL_TIMEOUT_MS = 240_000;
}
