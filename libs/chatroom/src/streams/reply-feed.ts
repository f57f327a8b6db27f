import { Logger } from '@nestjs/common';
import type { ReplyRow } from '../messages/message.store.js';
import { isFinal } from '../messages/message.row.js';
import { RowSignal, type Signal } from './reply-signal.js';

/** How many entries a listener may be behind; a slower one reads the stores instead. */
const MAX_BEHIND = 64;

/** How many listeners are told at a time; then other work of the process has its turn. */
const LISTENERS_PER_TURN = 250;

/** A signal in its place. Entries that no listener has before it are garbage. */
export interface FeedEntry {
  readonly number: number;
  readonly signal: Signal;
  next: FeedEntry | null;
}

/** Who follows a feed. */
export interface FeedListener {
  /** Takes the entries behind its place. Does not throw. */
  advance(): void;
}

/** The signals of one reply in this process, kept once for all that listen: each has a place in them. */
export class ReplyFeed {
  readonly listeners = new Set<FeedListener>();
  /** The newest entry: the place of a listener that has taken all. */
  last: FeedEntry = { number: 0, signal: { type: 'resync' }, next: null };
  lastSignalAt = Date.now();
  /** The highest attempt that signals or rows have told of. */
  attempt = 0;
  private readonly logger = new Logger(ReplyFeed.name);
  private readonly reads = new Map<string, Promise<unknown>>();
  /** Behind which entry a row is asked for, and behind which one the latest was begun to be read. */
  private rowAskedAfter = -1;
  private rowReadAfter = -1;
  private readingRow = false;
  private telling = false;
  private untold = false;

  constructor(readonly replyId: string) {}

  /** Adds an entry, and has the listeners take it. */
  put(signal: Signal): void {
    this.attempt = Math.max(this.attempt, attemptOf(signal));
    this.lastSignalAt = Date.now();
    this.last = this.last.next = { number: this.last.number + 1, signal, next: null };
    this.untold = true;
    if (!this.telling) void this.tell();
  }

  /** Whether a listener is so far behind that it has to let its place go. */
  isTooFarBehind({ number }: FeedEntry): boolean {
    return this.last.number - number > MAX_BEHIND;
  }

  /** Tells the listeners of a row where it is news to them: its reply has ended, or a new attempt has begun. */
  putNews(news: RowSignal): void {
    const { row } = news;
    if (row === null || isFinal(row.status) || row.attempt > this.attempt) this.put(news);
  }

  /**
   * Reads something once for all that ask while it is read. Only those at the same place share: what was put before it, the
   * read has found.
   */
  async share<T>(place: FeedEntry, what: string, read: () => Promise<T>): Promise<T> {
    const key = `${place.number}:${what}`;
    const underWay = this.reads.get(key) as Promise<T> | undefined;
    if (underWay !== undefined) return underWay;
    const begun = read().finally(() => this.reads.delete(key));
    this.reads.set(key, begun);
    return begun;
  }

  /** Has the row put that is read after an entry, by one read for all that ask. */
  askForRow(after: number, read: () => Promise<ReplyRow | null>): void {
    this.rowAskedAfter = Math.max(this.rowAskedAfter, after);
    if (!this.readingRow) void this.readRows(read);
  }

  private async readRows(read: () => Promise<ReplyRow | null>): Promise<void> {
    this.readingRow = true;
    while (this.rowReadAfter < this.rowAskedAfter) {
      const readAfter = this.last.number;
      this.rowReadAfter = readAfter;
      try {
        this.put(new RowSignal(await read(), readAfter));
      } catch (error) {
        this.logger.warn(`Streams of a reply broke off: ${(error as Error).message}`);
        this.put({ type: 'unreadable', readAfter });
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
