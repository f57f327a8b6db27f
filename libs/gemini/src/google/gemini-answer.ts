import type { ModelEnd } from '../model/language-model.port.js';
import type { GeminiError } from './gemini-errors.js';
import { outcomeOf } from './gemini-outcome.js';

/** One response of a streamed call, as it is on the wire: SDKs' types lag behind it (ai.google.dev/api/generate-content). */
export interface Chunk {
  candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] }; finishReason?: string }[];
  promptFeedback?: { blockReason?: string };
  usageMetadata?: {
    promptTokenCount?: number;
    cachedContentTokenCount?: number;
    thoughtsTokenCount?: number;
    candidatesTokenCount?: number;
  };
  modelVersion?: string;
  /** In the middle of a stream, where an SDK doesn't throw it. */
  error?: GeminiError;
}

/** The visible text; thoughts are not meant for readers. */
export const textOf = (chunk: Chunk): string =>
  (chunk.candidates?.[0]?.content?.parts ?? [])
    .filter(({ thought }) => thought !== true)
    .map(({ text = '' }) => text)
    .join('');

/** What the chunks of a stream have said about its end so far, in Gemini's words. */
export interface GeminiEnd extends Omit<ModelEnd, 'outcome'> {
  /** Why the prompt was refused before any answer. */
  blockReason: string | null;
}

/** The end in the port's words. */
export function modelEnd(end: GeminiEnd): ModelEnd {
  const { blockReason, finishReason, modelVersion, usage } = end;
  return {
    outcome: outcomeOf(blockReason, finishReason),
    finishReason: finishReason ?? blockReason,
    modelVersion,
    usage,
  };
}

/** Takes what a chunk says about the end. */
export function takeEnd(end: GeminiEnd, { candidates, promptFeedback, modelVersion, usageMetadata }: Chunk): void {
  end.finishReason = candidates?.[0]?.finishReason ?? end.finishReason;
  end.blockReason = promptFeedback?.blockReason ?? end.blockReason;
  end.modelVersion = modelVersion ?? end.modelVersion;
  if (usageMetadata === undefined) return;
  end.usage = {
    promptTokens: usageMetadata.promptTokenCount ?? 0,
    cachedTokens: usageMetadata.cachedContentTokenCount ?? 0,
    thoughtTokens: usageMetadata.thoughtsTokenCount ?? 0,
    replyTokens: usageMetadata.candidatesTokenCount ?? 0,
  };
}
