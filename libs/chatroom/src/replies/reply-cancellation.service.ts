import { cancelChannel } from '@app/contracts';
import { StreamsRedisClient, RequestContext } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { isFinal, type MessageRow } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { ReplyEndListener } from '../streams/reply-end-listener.js';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { ReplySignalService } from '../streams/reply-signal.service.js';
import { type CancelledReply, ReplyCancellationStore } from './reply-cancellation.store.js';
import { ReplyCompletionService } from './reply-completion.service.js';

/** How long the answer waits for the worker to stop; after that it shows the reply as it is then. */
const STOP_TIMEOUT_MS = 2_000;

/** Stops replies, whichever worker writes them. */
@Injectable()
export class ReplyCancellationService {
  private readonly logger = new Logger('Reply');

  constructor(
    private readonly store: ReplyCancellationStore,
    private readonly messages: MessageStore,
    private readonly signals: ReplySignalService,
    private readonly completion: ReplyCompletionService,
    private readonly log: ReplyLogStore,
    private readonly redis: StreamsRedisClient,
  ) {}

  /**
   * Ends a reply with what was written so far. A finished reply comes back as it is; whichever of completion and
   * cancellation is stored first has won.
   *
   * @returns null when the user has no such reply
   */
  async cancel(userId: string, chatroomId: string, replyId: string): Promise<MessageRow | null> {
    const find = async (): Promise<MessageRow | null> => {
      const row = await this.messages.find(userId, chatroomId, replyId);
      return row?.role === 'bot' ? row : null;
    };
    const ends = await this.signals.open({ chatroomId, id: replyId }, (feed) => new ReplyEndListener(feed));
    try {
      const cancelled = await this.store.cancel(userId, chatroomId, replyId);
      if (cancelled === null) return await find();
      const { requestId, ...reply } = cancelled;
      if (reply.status === 'cancelled') {
        this.logEnd(userId, { id: replyId, chatroomId, requestId });
        await this.completion.notifyAndEnqueueNext(reply, 0);
        return reply;
      }
      void this.redis.publish(cancelChannel, replyId).catch(() => undefined);
      return await this.stopped(ends, find);
    } finally {
      this.signals.close(ends.feed, ends);
    }
  }

  /**
   * Ends all unfinished replies of a room, or of all of the user's rooms, for they are about to be deleted. Takes no longer
   * than a single cancellation.
   *
   * @param chatroomId null: all rooms
   */
  async cancelAll(userId: string, chatroomId: string | null): Promise<void> {
    const replies = await this.store.cancelAll(userId, chatroomId);
    await Promise.all(
      replies.map(async (reply) => {
        if (reply.ended) {
          this.logEnd(userId, reply);
          return this.log.done(reply.id, 0);
        }
        await this.cancel(userId, reply.chatroomId, reply.id);
        // Its worker does so too, but may find the row deleted.
        await this.completion.enqueueNext(reply);
      }),
    );
    // The turn of a reply that only waited may have come already, and its job will find nothing.
    const waited = replies.find(({ ended }) => ended);
    if (waited !== undefined) await this.completion.enqueueNext(waited);
  }

  /** The end of the story that `reply accepted` began: under the id of the request that asked for the reply. */
  private logEnd(userId: string, { id, chatroomId, requestId }: Omit<CancelledReply, 'ended'>): void {
    const own = requestId === null ? {} : { requestId, cancelRequestId: RequestContext.requestId };
    this.logger.log({ ...own, userId, chatroomId, replyId: id, status: 'cancelled', code: null }, 'reply ended');
  }

  /** The reply once its worker has ended it, or after {@link STOP_TIMEOUT_MS}. */
  private async stopped(ends: ReplyEndListener, find: () => Promise<MessageRow | null>): Promise<MessageRow | null> {
    const timeout = AbortSignal.timeout(STOP_TIMEOUT_MS);
    for (;;) {
      const inTime = await ends.next(timeout);
      const reply = await find();
      if (reply === null || isFinal(reply.status) || !inTime) return reply;
    }
  }
}
