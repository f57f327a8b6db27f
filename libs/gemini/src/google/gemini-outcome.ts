import type { ModelOutcome } from '../model/language-model.port.js';

/** Finish reasons by which Gemini says that it withheld an answer (ai.google.dev/api/generate-content#FinishReason). */
const WITHHELD = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
]);

/**
 * What Gemini's words for an answer's end mean. Only `STOP` says that it is complete; a word that is not known here does not.
 *
 * @param blockReason why the prompt was refused before any answer
 * @param finishReason null: the stream ended without one, so it was cut, though the HTTP exchange looks fine
 */
export function outcomeOf(blockReason: string | null, finishReason: string | null): ModelOutcome {
  if (blockReason !== null) return 'prompt_blocked';
  if (finishReason === null) return 'cut';
  if (WITHHELD.has(finishReason)) return 'withheld';
  return finishReason === 'STOP' ? 'complete' : 'truncated';
}
