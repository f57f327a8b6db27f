import { Logger } from '@nestjs/common';
import type { MessageAddress } from '../messages/message.row.js';
import type { ReplyRow } from '../messages/message.store.js';
import { isFinal } from '../messages/message.row.js';
import { RowSignal, type Signal } from './reply-signal.js';

const logger = new Logger('ReplyFeed');

/** How many signals a listener may be behind; a slower one reads the stores instead. */
const MAX_BEHIND = 64;

/** How many listeners are told at a time; then other work of the process has its turn. */
const LISTENERS_PER_TURN = 250;

/** A place in a feed, and the signal behind it. What lies before the places of all listeners is garbage. */
export interface FeedPlace {
  /** How many signals lie before it. */
  readonly number: number;
  /** Null at the end of the feed. */
  behind: { readonly signal: Signal; readonly place: FeedPlace } | null;
}

/** Who follows a feed. */
export interface FeedListener {
  /** Takes the signals behind its place. Does not throw. */
  advance(): void;
}

/** The signals of one reply in this process, kept once for all that listen: each has a place in them. */
export class ReplyFeed {
  readonly listeners = new Set<FeedListener>();
  /** The place of a listener that has taken all. */
  end: FeedPlace = { number: 0, behind: null };
  lastSignalAt = Date.now();
  /** The highest attempt that signals or rows have told of. */
  attempt = 0;
  private readonly reads = new Map<string, Promise<unknown>>();
  /** At which place the row was asked for, and at which the latest was begun to be read. */
  private rowAskedAt = -1;
  private rowReadAt = -1;
  private readingRow = false;
  private telling = false;
  private untold = false;

  constructor(readonly reply: MessageAddress) {}

  /** Adds a signal, and has the listeners take it. */
  put(signal: Signal): void {
    this.attempt = Math.max(this.attempt, attemptOf(signal));
    this.lastSignalAt = Date.now();
    const place: FeedPlace = { number: this.end.number + 1, behind: null };
    this.end.behind = { signal, place };
    this.end = place;
    this.untold = true;
    if (!this.telling) void this.tell();
  }

  /** Whether a listener is so far behind that it has to let its place go. */
  isTooFarBehind({ number }: FeedPlace): boolean {
    return this.end.number - number > MAX_BEHIND;
  }

  /** Tells the other listeners of a row that one has read, where it is news: the reply has ended, or a new attempt has begun. */
  putNews(news: RowSignal): void {
    const { row } = news;
    const isNews = row === null || isFinal(row.status) || row.attempt > this.attempt;
    this.attempt = Math.max(this.attempt, attemptOf(news));
    if (isNews && this.listeners.size > 1) this.put(news);
  }

  /**
   * Reads something once for all that ask for it while it is read. Only those at the same place share: the read finds all that
   * was signalled before it.
   */
  async share<T>(place: FeedPlace, what: string, read: () => Promise<T>): Promise<T> {
    const key = `${place.number}:${what}`;
    const underWay = this.reads.get(key) as Promise<T> | undefined;
    if (underWay !== undefined) return underWay;
    const begun = read().finally(() => this.reads.delete(key));
    this.reads.set(key, begun);
    return begun;
  }

  /** Has the row put as it is at a place or later, by one read for all that ask. */
  askForRow(at: number, read: () => Promise<ReplyRow | null>): void {
    this.rowAskedAt = Math.max(this.rowAskedAt, at);
    if (!this.readingRow) void this.readRows(read);
  }

  private async readRows(read: () => Promise<ReplyRow | null>): Promise<void> {
    this.readingRow = true;
    while (this.rowReadAt < this.rowAskedAt) {
      const readAt = this.end.number;
      this.rowReadAt = readAt;
      try {
        this.put(new RowSignal(await read(), readAt));
      } catch (error) {
        logger.warn(`Streams of a reply broke off: ${(error as Error).message}`);
        this.put({ type: 'unreadable', readAt });
      }
    }
    this.readingRow = false;
  }

  private async tell(): Promise<void> {
    this.telling = true;
    while (this.untold) {
      this.untold = false;
      let told = 0;
      for (const listener of this.listeners) {
        listener.advance();
        if (++told % LISTENERS_PER_TURN === 0) await new Promise(setImmediate);
      }
    }
    this.telling = false;
  }
}

/** The attempt that a signal tells of; 0: of none. */
function attemptOf(signal: Signal): number {
  if (signal.type === 'row') return signal.row?.attempt ?? 0;
  return 'attempt' in signal ? signal.attempt : 0;
}
