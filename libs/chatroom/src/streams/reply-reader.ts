import { isFinal } from '../messages/message.row.js';
import type { ReplyRow } from '../messages/message.store.js';
import type { FeedListener, FeedPlace, ReplyFeed } from './reply-feed.js';
import type { UnreadLogs } from './reply-log.store.js';
import { beginningOf, eventId, NO_POSITION, type ReplyPosition } from './reply-position.js';
import { type RowSignal, type Signal, splitsCharacter, WrittenSignal } from './reply-signal.js';
import { encodeEvent } from './stream-event.js';

/** Which reply is read, and by whom. */
export interface ReplyTarget {
  userId: string;
  chatroomId: string;
  replyId: string;
}

/** Where a reader's events go. */
export interface ReplySink {
  /** Whether it takes nothing for now. Once it does again, its owner calls the reader's `advance`. */
  readonly isFull: boolean;
  /** Takes an event, as it is sent. The bytes are those of other readers too. */
  write(frame: Buffer): void;
  /** Nothing follows: `done` was written, the reply was deleted, or it could not be read. */
  end(): void;
}

/** Where readers read what signals don't bring. */
export interface ReplySources {
  /** The reply's row; null when the user has none. */
  row(target: ReplyTarget): Promise<ReplyRow | null>;
  /** What an attempt has written from a position on, as far as there are logs of it. Never fails. */
  logs(replyId: string, position: ReplyPosition): Promise<UnreadLogs>;
}

/**
 * Follows one reply from any position to its end, whatever happens to workers and to Redis meanwhile. It takes the feed's
 * signals one by one, as long as they fit its position. Where they don't, it has the row read, passes over what comes before
 * that, and then reads the logs, which hold what was passed over. Text and thoughts are apart: each has its own offset in the
 * position, and no order between the two is assumed.
 */
export class ReplyReader implements FeedListener {
  private place: FeedPlace;
  private position: ReplyPosition | null = null;
  private sink: ReplySink | null = null;
  /** While it waits for a row: the number of the place at which that has to be read, or later. */
  private awaitsRowAt: number | null = null;
  /** While it reads the logs it stays at its place. */
  private readsLogs = false;
  /** It was too far behind. The row is asked for once its client takes something again. */
  private hasLostPlace = false;

  constructor(
    readonly feed: ReplyFeed,
    private readonly target: ReplyTarget,
    private readonly sources: ReplySources,
  ) {
    this.place = feed.end;
  }

  /**
   * Begins to write events.
   *
   * @param opened the row, read after the reader was made
   * @param from where the client is; null: it has read nothing
   */
  begin(opened: RowSignal, from: ReplyPosition | null, sink: ReplySink): void {
    this.sink = sink;
    this.position = from;
    this.awaitsRowAt = opened.readAt;
    this.takeRow(opened);
    this.advance();
  }

  /** Stops. Repeatable. */
  close(): void {
    this.sink = null;
  }

  advance(): void {
    if (this.feed.isTooFarBehind(this.place)) {
      this.place = this.feed.end;
      this.hasLostPlace = true;
    }
    if (this.hasLostPlace && this.sink?.isFull === false) {
      this.hasLostPlace = false;
      this.awaitRow(this.place.number);
    }
    while (this.sink?.isFull === false && !this.readsLogs && this.place.behind !== null) {
      const { signal, place } = this.place.behind;
      this.place = place;
      this.take(signal, place.number);
    }
  }

  private take(signal: Signal, number: number): void {
    if (signal.type === 'row') return this.takeRow(signal);
    if (signal.type === 'unreadable') return this.isAwaited(signal) ? this.end() : undefined;
    if (signal.type === 'done' || signal.type === 'resync') return this.awaitRow(number);
    if (this.position !== null && signal.attempt < this.position.attempt) return;
    if (this.position?.attempt !== signal.attempt) {
      this.beginAttempt(signal.attempt);
      // A row that was read before this attempt is of no use.
      if (this.awaitsRowAt !== null) this.awaitRow(number);
    }
    if (signal instanceof WrittenSignal && this.awaitsRowAt === null) this.takeWritten(signal, number);
  }

  private takeWritten(signal: WrittenSignal, number: number): void {
    const position = this.position ?? beginningOf(signal.attempt);
    if (signal.end <= signal.readBy(position)) return;
    const unread = signal.unreadFrom(position);
    if (unread === null) this.awaitRow(number);
    else this.write(unread, position);
  }

  /** Ends with a finished reply; else catches up where the row was waited for, or tells of a new attempt. */
  private takeRow(signal: RowSignal): void {
    const { row } = signal;
    if (row === null) return this.end();
    if (isFinal(row.status)) return this.finish(signal, row);
    const isAwaited = this.isAwaited(signal);
    if (isAwaited) this.awaitsRowAt = null;
    // Nothing was written yet, so a client that has a place has made it up.
    if (row.attempt === 0) this.position &&= NO_POSITION;
    else if (isAwaited || row.attempt > (this.position?.attempt ?? 0)) void this.catchUp(row.attempt);
  }

  private isAwaited({ readAt }: { readAt: number }): boolean {
    return this.awaitsRowAt !== null && readAt >= this.awaitsRowAt;
  }

  private awaitRow(at: number): void {
    this.awaitsRowAt = at;
    this.feed.askForRow(at, () => this.sources.row(this.target));
  }

  /** Writes what the logs of an attempt have beyond the position. */
  private async catchUp(attempt: number): Promise<void> {
    this.readsLogs = true;
    let position = this.position?.attempt === attempt ? this.position : this.beginAttempt(attempt);
    let unread = await this.readLogs(position);
    if (unread === 'elsewhere') {
      position = this.forget(attempt);
      unread = await this.readLogs(position);
    }
    this.readsLogs = false;
    if (unread !== 'elsewhere') this.writeAll(unread, position);
    this.advance();
  }

  /** What the logs have beyond a position; `elsewhere` when that is none of the attempt's. Readers at the same place share it. */
  private readLogs(position: ReplyPosition): Promise<WrittenSignal[] | 'elsewhere'> {
    const { replyId } = this.target;
    const { attempt, offset, thoughtOffset } = position;
    return this.feed.share(this.place, `${attempt}-${offset}.${thoughtOffset}`, async () => {
      const { thought, delta } = await this.sources.logs(replyId, position);
      if ([thought, delta].some((text) => text !== null && splitsCharacter(text))) return 'elsewhere';
      return [
        new WrittenSignal(replyId, 'thought', attempt, thoughtOffset, thought?.toString() ?? ''),
        new WrittenSignal(replyId, 'delta', attempt, offset, delta?.toString() ?? ''),
      ];
    });
  }

  /** The rest of what is stored if the reader has a true beginning of it, else all of it anew; then the sources, and the end. */
  private finish(signal: RowSignal, row: ReplyRow): void {
    const whole = signal.written(row);
    let position = this.position?.attempt === row.attempt ? this.position : null;
    let unread = position === null ? [] : unreadOf(whole, position);
    if (position === null || unread.length < whole.length) {
      position = this.beginAttempt(row.attempt);
      unread = [...whole];
    }
    const end = this.writeAll(unread, position);
    if (row.grounding !== null) this.sink?.write(signal.sourcesFrame(row, end));
    this.sink?.write(signal.doneFrame(row));
    this.end();
  }

  private end(): void {
    this.sink?.end();
    this.close();
  }

  /** A reader who has text of another attempt is told to forget it; one who has none gets no `reset`. */
  private beginAttempt(attempt: number): ReplyPosition {
    return this.position === null ? (this.position = beginningOf(attempt)) : this.forget(attempt);
  }

  private forget(attempt: number): ReplyPosition {
    const position = beginningOf(attempt);
    this.sink?.write(encodeEvent({ event: 'reset', id: eventId(this.target.replyId, position), data: {} }));
    return (this.position = position);
  }

  /** Writes what isn't empty. @returns the position behind all of it */
  private writeAll(signals: readonly WrittenSignal[], from: ReplyPosition): ReplyPosition {
    let position = from;
    for (const signal of signals) if (signal.text !== '') position = this.write(signal, position);
    return position;
  }

  private write(signal: WrittenSignal, from: ReplyPosition): ReplyPosition {
    this.sink?.write(signal.frameFrom(from));
    return (this.position = signal.endFrom(from));
  }
}

/** What a reader lacks of each; fewer when its position is none of theirs. */
const unreadOf = (signals: readonly WrittenSignal[], position: ReplyPosition): WrittenSignal[] =>
  signals.flatMap((signal) => signal.unreadFrom(position) ?? []);
