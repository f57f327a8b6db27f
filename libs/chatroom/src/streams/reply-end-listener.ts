import type { FeedListener, FeedPlace, ReplyFeed } from './reply-feed.js';
import type { Signal } from './reply-signal.js';

/** Signals that tell of no end. */
const WHILE_WRITTEN: ReadonlySet<Signal['type']> = new Set(['delta', 'thought', 'reset']);

/** Waits for the moments at which a reply may have ended. */
export class ReplyEndListener implements FeedListener {
  private place: FeedPlace;
  private mayHaveEnded = false;
  private wake: (() => void) | null = null;

  constructor(readonly feed: ReplyFeed) {
    this.place = feed.end;
  }

  advance(): void {
    for (; this.place.behind !== null; this.place = this.place.behind.place) {
      if (!WHILE_WRITTEN.has(this.place.behind.signal.type)) this.mayHaveEnded = true;
    }
    if (this.mayHaveEnded) this.wake?.();
  }

  /** Waits until the reply may have ended since the last time; false once the abort signal has fired. */
  async next(abort: AbortSignal): Promise<boolean> {
    while (!this.mayHaveEnded && !abort.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        abort.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.mayHaveEnded = false;
    return !abort.aborted;
  }
}
