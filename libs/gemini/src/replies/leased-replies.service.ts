import { ReplyLogStore } from '@app/chatroom';
import { PeriodicTask } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LeasedReply, type StopReason } from './leased-reply.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';
import { ReplyStore } from './reply.store.js';

/** How often the leases are extended, written text is stored, and cancellations are looked for. */
const EXTEND_MS = 1_000;

/** The replies that this process is writing, whose leases one statement a second extends for all of them together. */
@Injectable()
export class LeasedRepliesService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly leased = new Map<string, LeasedReply>();
  private readonly extending = new PeriodicTask({
    name: 'Extending the leases of replies',
    intervalMs: EXTEND_MS,
    run: () => this.extend(),
  });

  constructor(
    private readonly store: ReplyStore,
    private readonly log: ReplyLogStore,
  ) {}

  get size(): number {
    return this.leased.size;
  }

  onApplicationBootstrap(): void {
    this.extending.start();
  }

  onApplicationShutdown(): void {
    this.extending.stop();
  }

  /** Works on a claimed reply while extending its lease. */
  async withLease<T>(claim: ClaimedReply, work: (reply: LeasedReply) => Promise<T>): Promise<T> {
    const reply = new LeasedReply(claim, this.log.open(claim.id, claim.attempt));
    this.leased.get(claim.id)?.stop('lost');
    this.leased.set(claim.id, reply);
    try {
      return await work(reply);
    } finally {
      await reply.close();
      if (this.leased.get(claim.id) === reply) this.leased.delete(claim.id);
    }
  }

  /** Stops one reply, if this process writes it. */
  stop(replyId: string, reason: StopReason): void {
    this.leased.get(replyId)?.stop(reason);
  }

  /** Stops all of them, so that other workers can go on with them at once. */
  stopAll(reason: StopReason): void {
    for (const reply of this.leased.values()) reply.stop(reason);
  }

  private async extend(): Promise<void> {
    if (this.leased.size === 0) return;
    const replies = [...this.leased.values()];
    const unstored = replies.map((reply) => reply.takeUnstored());
    const extensions = replies.map(({ claim: { id, chatroomId, attempt } }, index) => {
      const { content = null, thoughts = null } = unstored[index] ?? {};
      return { id, chatroomId, attempt, content, thoughts };
    });
    try {
      const held = await this.store.extend(extensions);
      for (const reply of replies) {
        const lease = held.get(reply.claim.id);
        if (lease === undefined && this.leased.get(reply.claim.id) === reply) reply.stop('lost');
        if (lease?.cancelRequested === true) reply.stop('cancelled');
      }
    } catch (error) {
      // The leases last a while longer. Once another worker has claimed, the attempt's number makes the statements refuse results.
      for (const [index, reply] of replies.entries()) if (unstored[index] !== null) reply.storeAgain();
      throw error;
    }
  }
}
