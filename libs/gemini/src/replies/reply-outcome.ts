import type { ReplyErrorCode } from '@app/chatroom';
import type { ModelEnd, ModelError, ModelUsage } from '../model/language-model.port.js';
import type { FinalReply } from './reply.store.js';

/** What follows from one attempt at a reply. */
export type Outcome =
  | { type: 'final'; final: FinalReply }
  /** Another attempt may succeed; should there be none, the reply ends with this error. */
  | { type: 'retry'; failure: ReplyErrorCode; retryAfterMs: number | null }
  /** A file could not be read, so the model was not asked. Another attempt may succeed. */
  | { type: 'unreadable' }
  /** The model refused what was asked for with more than an answer can do without: it is asked again without that. */
  | { type: 'refused' }
  /** The model is over its rate limit: its replies wait, and no attempt is spent. */
  | { type: 'pause'; retryAfterMs: number | null }
  /** This process shuts down: another worker goes on at once, and no attempt is spent. */
  | { type: 'interrupted' }
  /** Another worker has the reply, or it was deleted: this attempt decides nothing. */
  | { type: 'lost' };

const DETAILS: Record<ReplyErrorCode, string> = {
  model_unavailable: 'The model could not be reached or broke off.',
  model_rate_limited: 'The model was overloaded for too long.',
  model_rejected_request: 'The model did not accept this request.',
  model_misconfigured: 'The service is not set up correctly; its operator has been alerted.',
  model_not_available: 'The model of this room can not be used; choose another.',
  prompt_blocked: 'The message was refused by the safety rules of the model.',
  reply_blocked: 'The reply was stopped by the safety rules of the model.',
  reply_truncated: 'The reply broke off before its end.',
  reply_empty: 'The model gave no text.',
  timed_out: 'The reply took too long.',
};

/** What an attempt has written. */
export interface Written {
  text: string;
  /** What the model told of its thoughts; empty: nothing. */
  thoughts: string;
}

export const NOTHING_WRITTEN: Written = { text: '', thoughts: '' };

/** The texts of a final state. */
const textsOf = ({ text, thoughts }: Written): Pick<FinalReply, 'content' | 'thoughts'> => ({
  content: text,
  thoughts: thoughts === '' ? null : thoughts,
});

/** What is known of a call, however it ended. */
type KnownEnd = Partial<Pick<ModelEnd, 'modelVersion' | 'finishReason' | 'usage' | 'grounding'>>;

/** Ends a reply without a complete answer; what was written so far is kept. */
export function broken(code: ReplyErrorCode, written: Written, end: KnownEnd = {}): FinalReply {
  return {
    status: code === 'prompt_blocked' || code === 'reply_blocked' ? 'blocked' : 'failed',
    ...textsOf(written),
    model: end.modelVersion ?? null,
    finishReason: end.finishReason ?? null,
    usage: end.usage ?? null,
    grounding: end.grounding ?? null,
    error: { code, detail: DETAILS[code] },
  };
}

/** Ends a reply because its reader asked to. */
export const cancelled = (written: Written, usage: ModelUsage | null = null): FinalReply => ({
  status: 'cancelled',
  ...textsOf(written),
  model: null,
  finishReason: null,
  usage,
  error: null,
});

/** Judges an answer that came to an end: only a complete one with text is stored as completed. */
export function judgeEnd(written: Written, end: ModelEnd): Outcome {
  const final = (code: ReplyErrorCode): Outcome => ({ type: 'final', final: broken(code, written, end) });
  const isEmpty = written.text.trim() === '';
  switch (end.outcome) {
    case 'prompt_blocked':
      return final('prompt_blocked');
    case 'cut':
      return { type: 'retry', failure: brokenOff(written), retryAfterMs: null };
    case 'withheld':
      return final('reply_blocked');
    case 'truncated':
      return final(isEmpty ? 'reply_empty' : 'reply_truncated');
    case 'complete':
      return isEmpty ? final('reply_empty') : { type: 'final', final: completed(written, end) };
  }
}

const completed = (written: Written, { modelVersion, finishReason, usage, grounding }: ModelEnd): FinalReply => ({
  status: 'completed',
  ...textsOf(written),
  model: modelVersion,
  finishReason,
  usage,
  grounding,
  error: null,
});

/**
 * Judges a call that failed.
 *
 * @param ownModel whether the room chose the model, so that its absence is no trouble of the operator's
 */
export function judgeError(
  reply: Written & { usage: ModelUsage | null },
  error: ModelError,
  ownModel: boolean,
): Outcome {
  const final = (code: ReplyErrorCode): Outcome => ({
    type: 'final',
    final: broken(code, reply, { usage: reply.usage }),
  });
  switch (error.failure) {
    case 'rejected':
      return final('model_rejected_request');
    case 'misconfigured':
      return final('model_misconfigured');
    case 'unknown_model':
      return final(ownModel ? 'model_not_available' : 'model_misconfigured');
    case 'rate_limited':
      return { type: 'pause', retryAfterMs: error.retryAfterMs };
    case 'unavailable':
      return { type: 'retry', failure: brokenOff(reply), retryAfterMs: error.retryAfterMs };
  }
}

const brokenOff = ({ text }: Written): ReplyErrorCode => (text.trim() === '' ? 'model_unavailable' : 'reply_truncated');

const MAX_BACKOFF_MS = 30_000;

/**
 * How long to wait before the next attempt: doubling from the base, spread by up to a half so that replies which failed
 * together don't come back together. What the vendor asked for is the least, which the bound of our own pause doesn't cut.
 *
 * @param failures how many attempts failed so far, this one included
 */
export function backoffMs(baseMs: number, failures: number, retryAfterMs: number | null, random = Math.random): number {
  const doubled = Math.min(baseMs * 2 ** (failures - 1), MAX_BACKOFF_MS);
  return Math.max(retryAfterMs ?? 0, doubled) * (1 + random() / 2);
}
