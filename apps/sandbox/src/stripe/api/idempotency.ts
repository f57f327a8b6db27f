import { Injectable } from '@nestjs/common';
import { StripeApiError } from '../account/stripe.errors.js';
import { TestClock } from '../account/test-clock.js';

const KEPT_SECONDS = 86_400;
const MAX_KEY_LENGTH = 255;

/** How an operation ended. */
export type Outcome = { answer: unknown } | { error: StripeApiError };

/** A call that carries a key. */
export interface KeyedCall {
  key: string;
  path: string;
  params: string;
}

interface Entry extends KeyedCall {
  since: number;
  /** Undefined while the first call is being carried out. */
  outcome?: Outcome;
}

/**
 * The memory of idempotency keys. What was carried out is remembered for a day, a declined card too; what was refused before that
 * (invalid, conflicting, rate-limited) isn't.
 */
@Injectable()
export class Idempotency {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: TestClock) {}

  /** @throws StripeApiError when the key was used for something else, or is in use right now */
  async once(call: KeyedCall, work: () => Promise<Outcome>): Promise<{ outcome: Outcome; isReplayed: boolean }> {
    const known = this.recall(call);
    if (known) return { outcome: known, isReplayed: true };
    const entry: Entry = { ...call, since: this.clock.now() };
    this.entries.set(call.key, entry);
    try {
      const outcome = await work();
      if (isKept(outcome)) entry.outcome = outcome;
      return { outcome, isReplayed: false };
    } finally {
      if (entry.outcome === undefined && this.entries.get(call.key) === entry) this.entries.delete(call.key);
    }
  }

  clear(): void {
    this.entries.clear();
  }

  private recall(call: KeyedCall): Outcome | undefined {
    if (call.key.length > MAX_KEY_LENGTH)
      throw misuse(400, `Idempotency keys have at most ${MAX_KEY_LENGTH} characters.`);
    const entry = this.entries.get(call.key);
    if (entry === undefined || entry.since + KEPT_SECONDS <= this.clock.now()) return undefined;
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
    if (entry.outcome === undefined) {
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
