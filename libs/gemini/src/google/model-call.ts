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
  private overdue: ModelError | null = null;

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

  /** Waits for the vendor, and no longer than this; the time that the caller takes in between isn't counted. */
  async within<T>(timeoutMs: number, step: () => Promise<T>): Promise<T> {
    const timer = this.expireAfter(timeoutMs, 'No sign of the model');
    try {
      return await step();
    } finally {
      clearTimeout(timer);
    }
  }

  /** The caller's reason, or the error of the limit that was reached; null: the call was not aborted. */
  get abortedBy(): { reason: unknown } | null {
    if (this.outer.aborted) return { reason: this.outer.reason };
    return this.overdue === null ? null : { reason: this.overdue };
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.abort);
    this.abort();
  }

  private readonly abort = (): void => this.controller.abort(ENDED);

  private expireAfter(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.overdue ??= new ModelError('unavailable', `${what} within ${ms} ms`);
      this.abort();
    }, ms);
  }
}
