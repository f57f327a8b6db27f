import { Injectable } from '@nestjs/common';
import { StripeApiError } from '../account/stripe.errors.js';
import { TestClock } from '../account/test-clock.js';

const KEPT_SECONDS = 86_400;
const MAX_KEY_LENGTH = 255;

/** The result of an operation. */
export type Outcome = { answer: unknown } | { error: StripeApiError };

/** A call that carries a key. */
export interface KeyedCall {
  key: string;
  path: string;
  params: string;
}

interface Entry extends KeyedCall {
  since: number;
  /** Null while the first call is in progress. */
  outcome: Outcome | null;
}

/**
 * The results of calls by their idempotency keys. The result of an operation is kept for a day; a call that was refused before the
 * operation began (invalid, conflicting, rate-limited) is not kept.
 */
@Injectable()
export class Idempotency {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: TestClock) {}

  /** @throws StripeApiError when the key was used for another request, or its first call is still in progress */
  async once(call: KeyedCall, work: () => Promise<Outcome>): Promise<{ outcome: Outcome; isReplayed: boolean }> {
    const known = this.recall(call);
    if (known) return { outcome: known, isReplayed: true };
    const entry: Entry = { ...call, since: this.clock.now(), outcome: null };
    this.entries.set(call.key, entry);
    try {
      const outcome = await work();
      if (isKept(outcome)) entry.outcome = outcome;
      return { outcome, isReplayed: false };
    } finally {
      if (entry.outcome === null && this.entries.get(call.key) === entry) this.entries.delete(call.key);
    }
  }

  clear(): void {
    this.entries.clear();
  }

  private recall(call: KeyedCall): Outcome | null {
    if (call.key.length > MAX_KEY_LENGTH)
      throw misuse(400, `Idempotency keys have at most ${MAX_KEY_LENGTH} characters.`);
    const entry = this.entries.get(call.key);
    if (entry === undefined || entry.since + KEPT_SECONDS <= this.clock.now()) return null;
    const advice = `Try using a key other than '${call.key}' if you meant to execute a different request.`;
    if (entry.path !== call.path) {
      throw misuse(
        400,
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${call.path}' vs '${entry.path}'). ${advice}`,
      );
    }
    if (entry.params !== call.params) {
      throw misuse(
        400,
        `Keys for idempotent requests can only be used with the same parameters they were first used with. ${advice}`,
      );
    }
    if (entry.outcome === null) {
      throw misuse(
        409,
        `There is currently another in-progress request using this Idempotent Key: ${call.key}. Please try again later.`,
        'idempotency_key_in_use',
      );
    }
    return entry.outcome;
  }
}

const isKept = (outcome: Outcome): boolean => 'answer' in outcome || outcome.error.details.isSaved === true;

const misuse = (status: number, message: string, code?: string): StripeApiError =>
  new StripeApiError(status, 'idempotency_error', message, { code });
