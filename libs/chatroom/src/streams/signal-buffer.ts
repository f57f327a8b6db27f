import type { ReplySignal } from '@app/contracts';

/** What a reader may find in its buffer; `resync`: a signal may have been missed, so the stores have to be read. */
export type Signal = ReplySignal | { type: 'resync' };

/** How many signals wait for a slow reader; beyond that it catches up from the log instead. */
const CAPACITY = 64;

/** One reader's signals, in order. Holds a bounded number; what overflows becomes one `resync`. */
export class SignalBuffer {
  private signals: Signal[] = [];
  private wake: (() => void) | null = null;
  lastSignalAt = Date.now();
  /** The attempt that the reader knows of, for whoever checks whether it missed one. */
  attempt = 0;

  put(signal: Signal): void {
    this.lastSignalAt = Date.now();
    if (this.signals.length >= CAPACITY) this.signals = [{ type: 'resync' }];
    this.signals.push(signal);
    this.wake?.();
  }

  /** The next signal; null once the abort signal has fired. */
  async take(abort: AbortSignal): Promise<Signal | null> {
    while (this.signals.length === 0 && !abort.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          abort.removeEventListener('abort', done);
          resolve();
        };
        this.wake = done;
        abort.addEventListener('abort', done, { once: true });
      });
    }
    return abort.aborted ? null : (this.signals.shift() ?? null);
  }
}
