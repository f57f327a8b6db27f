import type { GeminiControl } from '../support/gemini-sandbox.js';
import type { JournalEntry } from '../../apps/sandbox/src/gemini/gemini.journal.js';

export const KINDS_OF_USE = ['prompt', 'cached', 'thought', 'reply', 'searches'] as const;

/** Numbers of tokens, of which cached ones are a part of the prompt's, and of searches. */
export type Use = Record<(typeof KINDS_OF_USE)[number], number>;

export const NO_USE: Use = { prompt: 0, cached: 0, thought: 0, reply: 0, searches: 0 };

/** What the model is called for. */
export type Purpose = 'reply' | 'title' | 'probe';

/** A generating call of the sandbox's journal. Times are milliseconds since 1970. */
export interface SeenCall {
  /** The name of the client whose message it is about; null: a probe, which is about none. */
  client: string | null;
  purpose: Purpose;
  /** The newest user message of the call. */
  prompt: string;
  model: string;
  /** The key that it was made with: each worker has its own. */
  apiKey: string;
  from: number;
  /** Infinity: it is still open. */
  to: number;
  /** The worker closed the connection before the end. */
  aborted: boolean;
  /** What its worker can have heard of its use, a refusal's being nothing; null: nothing. */
  known: Use | null;
}

/** The key of a worker. */
export const apiKeyOf = (worker: number): string => `key-of-worker-${worker}`;

/**
 * The generating calls of a run.
 *
 * @throws Error when the sandbox has forgotten some: then nothing could be said of the ledger
 */
export async function seenCalls(model: GeminiControl): Promise<SeenCall[]> {
  const [oldest] = await model.requests({ method: 'any' });
  if (oldest !== undefined && oldest.id !== 1) throw new Error(`The sandbox has forgotten ${oldest.id - 1} calls`);
  return (await model.requests()).map(seenCall);
}

/** @throws Error for a call that no part of the product makes */
function seenCall(entry: JournalEntry): SeenCall {
  const purpose = purposeOf(entry);
  const client = /\b(\w+) message \d+/.exec(entry.prompt)?.[1] ?? null;
  if ((client === null) !== (purpose === 'probe')) throw new Error(`A call that can't be told: ${entry.prompt}`);
  return {
    client,
    purpose,
    prompt: entry.prompt,
    model: entry.model,
    apiKey: entry.apiKey,
    from: Date.parse(entry.receivedAt),
    to: entry.endedAt === null ? Infinity : Date.parse(entry.endedAt),
    aborted: entry.outcome === 'aborted',
    known: knownUse(entry),
  };
}

function purposeOf({ systemInstruction, prompt }: JournalEntry): Purpose {
  if (systemInstruction?.startsWith('Name this conversation') === true) return 'title';
  return prompt === 'Hello' ? 'probe' : 'reply';
}

function knownUse({ usage, status, searches }: JournalEntry): Use | null {
  if (usage === null) return (status ?? 0) >= 400 ? NO_USE : null;
  return {
    prompt: usage.promptTokenCount,
    cached: usage.cachedContentTokenCount ?? 0,
    thought: usage.thoughtsTokenCount ?? 0,
    reply: usage.candidatesTokenCount ?? 0,
    searches,
  };
}
