import type { ReplyLogWriter } from '@app/chatroom';
import type { ModelUsage } from '../model/language-model.port.js';
import type { ModelCallUsage } from '../model/model-call-usage.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';

/**
 * Why a model call is aborted: its reader asked to, another worker has the reply or it was deleted, its deadline has passed, or
 * this process shuts down.
 */
export type StopReason = 'cancelled' | 'lost' | 'deadline' | 'shutdown';

/** See {@link LeasedReply.takeUnstored}. */
const FREELY_STORED = 32 * 1024;

/** What is to be stored while a reply is written; of each null: nothing of it is new. */
export interface UnstoredText {
  content: string | null;
  thoughts: string | null;
}

/** One reply that this process is writing now. */
export class LeasedReply {
  private readonly controller = new AbortController();
  private readonly deadline: NodeJS.Timeout;
  private readonly written = new WellFormedText();
  private readonly told = new WellFormedText();
  /** How much is stored of each, how much was stored the last time, and how much in all, in characters. */
  private stored = { text: 0, thoughts: 0 };
  private lastStored = 0;
  private storedInAll = 0;
  private readonly claimedAt = performance.now();
  private wroteAt: number | null = null;
  /** What the attempt's model call uses; null: none was begun. */
  call: ModelCallUsage | null = null;
  /** Whether the call asks for what an answer can do without. */
  wasAskedForMore = false;

  constructor(
    readonly claim: ClaimedReply,
    private readonly log: ReplyLogWriter,
  ) {
    this.deadline = setTimeout(() => this.stop('deadline'), Math.max(0, claim.deadlineInMs));
  }

  get text(): string {
    return this.written.whole;
  }

  /** What the model has told of its thoughts. */
  get thoughts(): string {
    return this.told.whole;
  }

  /** Milliseconds since the message was accepted. */
  get sinceAcceptedMs(): number {
    return Math.round(this.claim.waitedMs + performance.now() - this.claimedAt);
  }

  /** Milliseconds from the message's acceptance to the first text of this attempt; null: there is none yet. */
  get firstWordMs(): number | null {
    return this.wroteAt === null ? null : Math.round(this.claim.waitedMs + this.wroteAt - this.claimedAt);
  }

  /** What the vendor told of the call so far; null: nothing. */
  get usage(): ModelUsage | null {
    return this.call?.told ?? null;
  }

  /** Whether nothing is known to have come of the attempt: no text, no thought, no word of what was used. */
  get isUntold(): boolean {
    return this.text === '' && this.thoughts === '' && this.usage === null;
  }

  /** Aborts with a {@link StopReason}. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get stopped(): StopReason | null {
    return this.signal.aborted ? (this.signal.reason as StopReason) : null;
  }

  /** Aborts the model call; {@link signal} tells why. */
  stop(reason: StopReason): void {
    this.controller.abort(reason);
  }

  /** Takes text of the answer. It is well-formed at every moment, in the log too: see {@link WellFormedText}. */
  append(piece: string): void {
    const added = this.written.add(piece);
    if (added === '') return;
    this.wroteAt ??= performance.now();
    this.log.append(added);
  }

  /** Takes what the model tells of its thoughts, likewise. */
  appendThought(piece: string): void {
    const added = this.told.add(piece);
    if (added !== '') this.log.appendThought(added);
  }

  /**
   * What is to be stored: what isn't yet, as long as all that was stored stays within twice what was written and
   * {@link FREELY_STORED} characters. So a short reply is stored as often as this is called, and a long one each time that it
   * has about doubled, since storing costs as much as there is, not as much as is new. Null: nothing.
   */
  takeUnstored(): UnstoredText | null {
    const { text, thoughts, stored } = this;
    const content = text.length === stored.text ? null : text;
    const unstoredThoughts = thoughts.length === stored.thoughts ? null : thoughts;
    if (content === null && unstoredThoughts === null) return null;
    if (this.storedInAll > text.length + thoughts.length + FREELY_STORED) return null;
    this.stored = { text: text.length, thoughts: thoughts.length };
    this.lastStored = (content?.length ?? 0) + (unstoredThoughts?.length ?? 0);
    this.storedInAll += this.lastStored;
    return { content, thoughts: unstoredThoughts };
  }

  /** What was taken last may not have been stored after all. */
  storeAgain(): void {
    this.storedInAll -= this.lastStored;
    this.lastStored = 0;
    this.stored = { text: 0, thoughts: 0 };
  }

  /** There is an outcome: it is too late for the deadline to change it, and readers need not wait for the last words. */
  end(): void {
    this.endDeadline();
    void this.log.flushed();
  }

  endDeadline(): void {
    clearTimeout(this.deadline);
  }

  /** Afterwards all text has been handed to Redis, or could not be. */
  async close(): Promise<void> {
    this.endDeadline();
    await this.log.flushed();
  }
}

/**
 * Text that comes in pieces. NUL, which PostgreSQL cannot store, is left out; a character that is split over two pieces waits for
 * its second half.
 */
class WellFormedText {
  whole = '';
  private halfCharacter = '';

  /** @returns what was added; empty: nothing yet */
  add(piece: string): string {
    const text = this.halfCharacter + piece.replaceAll('\u0000', '');
    this.halfCharacter = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    const added = text.slice(0, text.length - this.halfCharacter.length).toWellFormed();
    this.whole += added;
    return added;
  }
}
