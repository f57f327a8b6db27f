import { ModelError } from '../model/language-model.port.js';

/** Made once: without a reason of ours, each abort would make an exception with a stack of its own. */
const ENDED = new Error('The call is over');

/**
 * One call to a vendor: aborted by the caller, by a time limit, or when it has no reader any more.
 * Always to be ended, which closes the connection should it still be open.
 */
export class ModelCall {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private step: NodeJS.Timeout | null = null;
  private failure: ModelError | null = null;

  /**
   * @param outer the caller's; it must not have been aborted
   * @param timeoutMs for the whole call
   */
  constructor(
    private readonly outer: AbortSignal,
    timeoutMs: number,
  ) {
    outer.throwIfAborted();
    outer.addEventListener('abort', this.abort, { once: true });
    this.timer = this.expireAfter(timeoutMs, 'The call was not over');
  }

  /** What the vendor's client is to be given: the caller's signals live longer than a call. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * Waits for the vendor, and no longer than this, counted from the last progress; the time that the caller takes in between isn't
   * counted.
   */
  async within<T>(timeoutMs: number, step: () => Promise<T>): Promise<T> {
    const timer = this.expireAfter(timeoutMs, 'No sign of the model');
    this.step = timer;
    try {
      return await step();
    } finally {
      this.step = null;
      clearTimeout(timer);
    }
  }

  /** A part of a large request has been taken by the connection, so the vendor can't be expected to have answered before now. */
  progressed(): void {
    this.step?.refresh();
  }

  /** Ends the call with this error, whatever the vendor's client makes of it. */
  broken(error: ModelError): void {
    this.failure ??= error;
    this.abort();
  }

  /** The caller's reason, or the error of the limit that was reached; null: the call was not aborted. */
  get abortedBy(): { reason: unknown } | null {
    if (this.outer.aborted) return { reason: this.outer.reason };
    return this.failure === null ? null : { reason: this.failure };
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.abort);
    this.abort();
  }

  private readonly abort = (): void => this.controller.abort(ENDED);

  private expireAfter(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.broken(new ModelError('unavailable', `${what} within ${ms} ms`)), ms);
  }
}
