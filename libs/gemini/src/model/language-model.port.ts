/** One earlier utterance of the conversation. */
export interface ModelTurn {
  role: 'user' | 'model';
  text: string;
}

/** What the model is asked. */
export interface ModelRequest {
  /** Name without the `models/` prefix. */
  model: string;
  systemInstruction: string | null;
  /** Oldest first; without the prompt. */
  history: ModelTurn[];
  prompt: string;
}

/** How a model's answer ended; the text has been streamed before. */
export interface ModelEnd {
  /** The vendor's word (`STOP`, `MAX_TOKENS`, `SAFETY`, ...); null: the stream ended without one, so the answer is incomplete. */
  finishReason: string | null;
  /** Why the prompt was refused before any answer; null: it wasn't. */
  blockReason: string | null;
  /** The model version that answered, when it said so. */
  modelVersion: string | null;
  usage: { promptTokens: number; replyTokens: number } | null;
}

/**
 * Why a model call failed.
 * `unavailable`: may work later (408, 5xx, network, malformed or broken stream). `rate_limited`: the project's quota (429).
 * `rejected`: this request never works (400). `misconfigured`: key or model are wrong (401, 403, 404): an operator must act.
 */
export type ModelFailure = 'unavailable' | 'rate_limited' | 'rejected' | 'misconfigured';

/** A model call that brought no answer. The message is for operators and holds no prompt and no key. */
export class ModelError extends Error {
  /** @param retryAfterMs how long the vendor asked to wait, when it said so */
  constructor(
    readonly failure: ModelFailure,
    message: string,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ModelError';
  }
}

/** The language model, whoever sells it. */
export abstract class LanguageModel {
  /**
   * Streams the answer's text in the pieces in which it arrives, none of them empty, and returns how it ended.
   *
   * @param signal aborts the call and the connection under it
   * @throws ModelError, at once or after text; the signal's reason when aborted
   */
  abstract stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<string, ModelEnd, void>;

  /**
   * The exact size of a request in tokens.
   * @throws ModelError
   */
  abstract countTokens(request: ModelRequest, signal: AbortSignal): Promise<number>;

  /**
   * Checks that the key works and the model exists.
   * @throws ModelError that says which is wrong
   */
  abstract check(model: string, signal: AbortSignal): Promise<void>;
}
