import { abortedError, ChatError } from '../errors.js';

/**
 * A bound on one call: after so long without `extend`, or when the caller's signal ends it, what `within` waits for is given up and the
 * connection closed. `AbortSignal.any` and `.timeout` would do, but React Native has neither.
 */
export class TimeLimit {
  private readonly controller = new AbortController();
  private readonly ended: Promise<never>;
  private reject: (error: ChatError) => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly onAbort = (): void => this.end(abortedError());

  /** @param outer the caller's own signal */
  constructor(
    private readonly ms: number,
    private readonly outer?: AbortSignal,
  ) {
    this.ended = new Promise<never>((_, reject) => (this.reject = reject));
    this.ended.catch(() => undefined);
    outer?.addEventListener('abort', this.onAbort);
    if (outer?.aborted) this.onAbort();
    else this.extend();
  }

  /** For `fetch`. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Begins the time anew. */
  extend(): void {
    clearTimeout(this.timer);
    if (this.signal.aborted) return;
    this.timer = setTimeout(() => this.end(new ChatError('timeout', 'The API did not answer in time')), this.ms);
  }

  /** Waits for one step, whether or not it heeds the signal itself. @throws ChatError `timeout` or `aborted` */
  within<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.ended]);
  }

  /** Must be called at the end: closes the connection if it is still open. */
  close(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.onAbort);
    this.controller.abort();
  }

  private end(error: ChatError): void {
    this.reject(error);
    this.close();
  }
}
