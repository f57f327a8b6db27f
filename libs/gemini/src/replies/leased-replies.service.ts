import { type ClaimedReply, ReplyLog, type ReplyLogWriter, ReplyStore } from '@app/chatroom';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';

/** Why a model call is aborted: its reader asked to, another worker has the reply, its time is over, or ours is. */
export type StopReason = 'cancelled' | 'lost' | 'deadline' | 'shutdown';

/** How often the leases are extended, written text is stored, and cancellations are looked for. */
const BEAT_MS = 1_000;

/** One reply that this process is writing now. */
export class HeldReply {
  private readonly controller = new AbortController();
  private readonly deadline: NodeJS.Timeout;
  private storedLength = 0;
  private halfCharacter = '';
  text = '';

  constructor(
    readonly claim: ClaimedReply,
    private readonly log: ReplyLogWriter,
  ) {
    this.deadline = setTimeout(() => this.stop('deadline'), Math.max(0, claim.deadline_in_ms));
  }

  /** Aborts with a {@link StopReason}. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get stopped(): StopReason | null {
    return this.signal.aborted ? (this.signal.reason as StopReason) : null;
  }

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
    this.text += whole;
    this.log.append(whole);
  }

  /** The text, if some of it isn't stored yet. */
  takeUnstored(): string | null {
    if (this.text.length === this.storedLength) return null;
    this.storedLength = this.text.length;
    return this.text;
  }

  /** The last text that was taken may not have been stored after all. */
  storeAgain(): void {
    this.storedLength = 0;
  }

  /** There is an outcome: it is too late for the deadline to change it. */
  endDeadline(): void {
    clearTimeout(this.deadline);
  }

  /** Afterwards all text has been handed to Redis, or could not be. */
  async close(): Promise<void> {
    this.endDeadline();
    await this.log.flushed();
  }
}

/** The replies that this process is writing, kept alive by one statement a second for all of them together. */
@Injectable()
export class HeldReplies implements OnApplicationShutdown {
  private readonly logger = new Logger(HeldReplies.name);
  private readonly held = new Map<string, HeldReply>();
  private readonly timer = setInterval(() => void this.beat(), BEAT_MS);
  private beating = false;

  constructor(
    private readonly store: ReplyStore,
    private readonly log: ReplyLog,
  ) {}

  get size(): number {
    return this.held.size;
  }

  /** Works on a claimed reply while keeping its lease. */
  async hold<T>(claim: ClaimedReply, work: (reply: HeldReply) => Promise<T>): Promise<T> {
    const reply = new HeldReply(claim, this.log.open(claim.id, claim.fence));
    this.held.get(claim.id)?.stop('lost');
    this.held.set(claim.id, reply);
    try {
      return await work(reply);
    } finally {
      await reply.close();
      if (this.held.get(claim.id) === reply) this.held.delete(claim.id);
    }
  }

  /** Stops one reply, if it is ours. */
  stop(replyId: string, reason: StopReason): void {
    this.held.get(replyId)?.stop(reason);
  }

  /** Stops all of them, so that others can go on with them at once. */
  stopAll(reason: StopReason): void {
    for (const reply of this.held.values()) reply.stop(reason);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async beat(): Promise<void> {
    if (this.beating || this.held.size === 0) return;
    this.beating = true;
    const replies = [...this.held.values()];
    try {
      const alive = await this.store.beat(
        replies.map((reply) => ({ id: reply.claim.id, fence: reply.claim.fence, content: reply.takeUnstored() })),
      );
      for (const reply of replies) {
        const state = alive.get(reply.claim.id);
        if (state === undefined && this.held.get(reply.claim.id) === reply) reply.stop('lost');
        if (state?.cancelRequested === true) reply.stop('cancelled');
      }
    } catch (error) {
      for (const reply of replies) reply.storeAgain();
      // The leases run on for a while; should they end, the fence throws our results away.
      this.logger.warn(`The leases could not be extended: ${(error as Error).message}`);
    } finally {
      this.beating = false;
    }
  }
}
