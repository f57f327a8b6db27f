import type { ModelEnd } from '../model/language-model.port.js';
import type { GeminiError } from './gemini-errors.js';
import type { GeminiGrounding, GroundingMetadata } from './grounding/gemini-grounding.js';
import { outcomeOf } from './gemini-outcome.js';

/** One response of a streamed call, as it is on the wire: SDKs' types lag behind it (ai.google.dev/api/generate-content). */
export interface Chunk {
  candidates?: {
    content?: { parts?: { text?: string; thought?: boolean | null }[] };
    finishReason?: string;
    groundingMetadata?: GroundingMetadata;
  }[];
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

/** The text of the answer, without thoughts. */
export const textOf = (chunk: Chunk): string => said(chunk, false);

/** What the model tells of its thoughts (ai.google.dev/gemini-api/docs/thinking#summaries). */
export const thoughtOf = (chunk: Chunk): string => said(chunk, true);

const said = ({ candidates }: Chunk, isThought: boolean): string =>
  (candidates?.[0]?.content?.parts ?? [])
    .filter(({ thought }) => (thought === true) === isThought)
    .map(({ text = '' }) => text)
    .join('');

/** What the chunks of a stream have said about its end so far, in Gemini's words. */
export interface GeminiEnd extends Omit<ModelEnd, 'outcome' | 'grounding'> {
  /** Why the prompt was refused before any answer. */
  blockReason: string | null;
  grounding: GeminiGrounding;
}

/** The end in the port's words. */
export function modelEnd(end: GeminiEnd): ModelEnd {
  const { blockReason, finishReason, modelVersion, usage, grounding } = end;
  return {
    outcome: outcomeOf(blockReason, finishReason),
    finishReason: finishReason ?? blockReason,
    modelVersion,
    usage,
    grounding: grounding.grounding,
  };
}

/** Takes what a chunk says about the end. */
export function takeEnd(end: GeminiEnd, chunk: Chunk): void {
  const { candidates, promptFeedback, modelVersion, usageMetadata } = chunk;
  end.grounding.take(textOf(chunk), candidates?.[0]?.groundingMetadata);
  end.finishReason = candidates?.[0]?.finishReason ?? end.finishReason;
  end.blockReason = promptFeedback?.blockReason ?? end.blockReason;
  end.modelVersion = modelVersion ?? end.modelVersion;
  const { searches } = end.grounding;
  if (usageMetadata !== undefined) end.usage = usageIn(usageMetadata, searches);
  else if (end.usage !== null && end.usage.searches !== searches) end.usage = { ...end.usage, searches };
}

const usageIn = (told: NonNullable<Chunk['usageMetadata']>, searches: number): ModelEnd['usage'] => ({
  promptTokens: told.promptTokenCount ?? 0,
  cachedTokens: told.cachedContentTokenCount ?? 0,
  thoughtTokens: told.thoughtsTokenCount ?? 0,
  replyTokens: told.candidatesTokenCount ?? 0,
  searches,
});
