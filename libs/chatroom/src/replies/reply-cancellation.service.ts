import { cancelChannel } from '@app/contracts';
import { RedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { isFinal, type MessageRow } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { ReplyBell } from './reply-jobs.service.js';
import { ReplyLog } from '../streams/reply.log.js';
import { ReplySignals } from '../streams/reply-signals.service.js';
import { ReplyStore } from '../../../gemini/src/replies/reply.store.js';

/** How long the answer waits for the worker to stop; after that it shows the reply as it is then. */
const PATIENCE_MS = 2_000;

/** Stops replies, wherever they are being written. */
@Injectable()
export class ReplyCancellation {
  constructor(
    private readonly store: ReplyStore,
    private readonly messages: MessageStore,
    private readonly signals: ReplySignals,
    private readonly log: ReplyLog,
    private readonly bell: ReplyBell,
    private readonly redis: RedisClient,
  ) {}

  /**
   * Ends a reply with what was written so far. A finished reply comes back as it is; whichever of completion and
   * cancellation is stored first has won.
   *
   * @returns null when the user has no such reply
   */
  async cancel(userId: string, chatroomId: string, replyId: string): Promise<MessageRow | null> {
    const mailbox = await this.signals.open(replyId);
    try {
      const reply = await this.store.cancel(userId, chatroomId, replyId);
      if (reply === null) return await this.find(userId, chatroomId, replyId);
      if (reply.status === 'cancelled') {
        await this.makeWay(reply);
        return reply;
      }
      void this.redis.publish(cancelChannel, replyId).catch(() => undefined);
      const patience = AbortSignal.timeout(PATIENCE_MS);
      for (;;) {
        const mail = await mailbox.take(patience);
        if (mail !== null && mail.type !== 'done' && mail.type !== 'resync') continue;
        const now = await this.find(userId, chatroomId, replyId);
        if (now === null || isFinal(now.status) || mail === null) return now;
      }
    } finally {
      this.signals.close(replyId, mailbox);
    }
  }

  /** Tells readers, and rings for the reply that waited behind this one. */
  private async makeWay(reply: MessageRow): Promise<void> {
    await this.log.done(reply.id, 0);
    const next = await this.store.nextInRoom(reply.id);
    if (next !== null) await this.bell.ring([next]);
  }

  private async find(userId: string, chatroomId: string, replyId: string): Promise<MessageRow | null> {
    const row = await this.messages.find(userId, chatroomId, replyId);
    return row?.role === 'bot' ? row : null;
  }
}
