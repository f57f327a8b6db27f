import type { Readable } from 'node:stream';
import type { Grounding } from '@app/chatroom';
import type { UsedTokens } from '@app/subscription';

/** A file that the model is shown: an image, a PDF, a text or a sound. */
export interface ModelFile {
  mediaType: string;
  /** Its size. */
  bytes: number;
  /** As many tokens as the model has counted, or an estimate from above. */
  tokens: number;
  /** Begins to read its bytes: when the request is sent, and anew should it be sent again. */
  open: (signal: AbortSignal) => Readable;
}

/** One earlier utterance of the conversation. */
export interface ModelTurn {
  role: 'user' | 'model';
  /** May be empty where there are files. */
  text: string;
  /** Of the user, before the text. Absent: none. */
  files?: ModelFile[];
}

/** What the model is asked. */
export interface ModelRequest {
  /** The vendor's name of the model. */
  model: string;
  systemInstruction: string | null;
  /** Oldest first; without the prompt. A question that has no answer is followed by the next question. */
  history: ModelTurn[];
  /** May be empty where there are files. */
  prompt: string;
  /** What the prompt is about. */
  files: ModelFile[];
  /** The longest answer in tokens, with what the model thinks before it. */
  maxOutputTokens: number;
  /** How much it is to think before it answers; null: as it does by itself. */
  thinking: 'low' | 'high' | null;
  /** Null: the model's own. */
  temperature: number | null;
  /** Whether it is to tell what it thinks. */
  showThoughts: boolean;
  /** Whether it may search the web. */
  search: boolean;
}

/**
 * How an answer ended, whichever words the vendor has for it.
 * `complete`: at its own end. `truncated`: before it, by a limit. `withheld`: by the vendor's safety rules, perhaps after some
 * text. `prompt_blocked`: the prompt was refused, there is no answer. `cut`: the stream ended without saying why, so the
 * answer is incomplete.
 */
export type ModelOutcome = 'complete' | 'truncated' | 'withheld' | 'prompt_blocked' | 'cut';

/** What a model call used: what the ledger records. */
export type ModelUsage = UsedTokens;

/** A piece of an answer, as it arrives. */
export interface ModelPiece {
  /** Empty where the model only thinks. */
  text: string;
  /** What it tells of its thoughts, before, between or after text, and perhaps unasked; empty where it tells none. */
  thought: string;
  /** What the call has used up to here, as far as the vendor tells while it answers; null: it does not. */
  usage: ModelUsage | null;
}

/** The end of a model's answer; the text has been streamed before. */
export interface ModelEnd {
  outcome: ModelOutcome;
  /** The vendor's own word for it, shown to clients as it is; null: it gave none. */
  finishReason: string | null;
  /** The model version that answered, when the vendor said so. */
  modelVersion: string | null;
  usage: ModelUsage | null;
  /** What the answer is founded on; null: nothing was searched for. */
  grounding: Grounding | null;
}

/**
 * Why a model call failed.
 * `unavailable`: may work later (408, 409, 499, 5xx, network, malformed or broken stream). `rate_limited`: the model's quota
 * in the project (429). `rejected`: this request never works (other 4xx). `misconfigured`: key, billing or region are wrong
 * (401, 402, 403, 400 with a failed precondition): an operator must act. `unknown_model`: there is no such model (404), which
 * is the operator's trouble if it is a default, and the room's own if the room chose it.
 */
export type ModelFailure = 'unavailable' | 'rate_limited' | 'rejected' | 'misconfigured' | 'unknown_model';

/** A model call that brought no answer. The message is for operators and holds no prompt and no key. */
export class ModelError extends Error {
  /**
   * @param retryAfterMs how long the vendor asked to wait, when it said so
   * @param isRefusal the vendor refused the call before it began to answer, so nothing is to be paid for it
   */
  constructor(
    readonly failure: ModelFailure,
    message: string,
    readonly retryAfterMs: number | null = null,
    readonly isRefusal = false,
  ) {
    super(message);
    this.name = 'ModelError';
  }
}

/** A file could not be read while it was sent: its store is away, or what it has is not the file. The model has got no whole request. */
export class UnreadableFileError extends ModelError {
  /** @param cause what the store has failed with */
  constructor(
    readonly file: ModelFile,
    override readonly cause?: unknown,
  ) {
    super('unavailable', 'A file of the conversation could not be read from its store', null, true);
  }
}

/** The language model, whoever sells it. A vendor is an adapter of this port with a configuration of its own. */
export abstract class LanguageModel {
  /**
   * Streams the answer in the pieces in which it arrives, each with text, with a thought or with what the call has used, and returns how it
   * ended. What the last piece told of the use stays known to a caller who aborts.
   *
   * @param signal aborts the call and the connection under it
   * @throws ModelError, at once or after text; the signal's reason when aborted
   */
  abstract stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPiece, ModelEnd, void>;

  /**
   * The exact size of a request in tokens.
   * @throws ModelError
   */
  abstract countTokens(request: ModelRequest, signal: AbortSignal): Promise<number>;

  /**
   * Checks that the key works and the model exists.
   * @throws ModelError that says which is wrong, and which settings it depends on
   */
  abstract check(model: string, signal: AbortSignal): Promise<void>;
}
