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

/** One reply that this process is writing now. */
export class LeasedReply {
  private readonly controller = new AbortController();
  private readonly deadline: NodeJS.Timeout;
  /** How much of the text is stored, and how much was stored in all, in characters. */
  private storedLength = 0;
  private storedInAll = 0;
  private halfCharacter = '';
  private readonly claimedAt = performance.now();
  private wroteAt: number | null = null;
  text = '';
  /** What the attempt's model call uses; null: none was begun. */
  call: ModelCallUsage | null = null;

  constructor(
    readonly claim: ClaimedReply,
    private readonly log: ReplyLogWriter,
  ) {
    this.deadline = setTimeout(() => this.stop('deadline'), Math.max(0, claim.deadlineInMs));
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

  /**
   * Takes what the model wrote. NUL, which PostgreSQL cannot store, is left out; a character that is split over two
   * pieces waits for its second half, so that text and log are well-formed at every moment.
   */
  append(piece: string): void {
    const text = this.halfCharacter + piece.replaceAll('\u0000', '');
    this.halfCharacter = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    const whole = text.slice(0, text.length - this.halfCharacter.length).toWellFormed();
    if (whole === '') return;
    this.wroteAt ??= performance.now();
    this.text += whole;
    this.log.append(whole);
  }

  /**
   * The text, if it is to be stored: when some of it isn't yet, and what was stored in all stays within twice the text and
   * {@link FREELY_STORED} characters. So a short reply is stored as often as this is called, and a long one each time that it
   * has about doubled, since storing costs as much as there is, not as much as is new.
   */
  takeUnstored(): string | null {
    const { length } = this.text;
    if (length === this.storedLength || this.storedInAll > length + FREELY_STORED) return null;
    this.storedLength = length;
    this.storedInAll += length;
    return this.text;
  }

  /** The last text that was taken may not have been stored after all. */
  storeAgain(): void {
    this.storedInAll -= this.storedLength;
    this.storedLength = 0;
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
