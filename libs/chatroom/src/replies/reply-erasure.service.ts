import { cancelChannel } from '@app/contracts';
import { Clock, Database, StreamsRedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { recentlyWritten } from '../streams/written-reply.js';

/** Removes what Redis holds of a user's replies, and stops those that are being written. */
@Injectable()
export class ReplyErasureService {
  constructor(
    private readonly database: Database,
    private readonly log: ReplyLogStore,
    private readonly redis: StreamsRedisClient,
    private readonly clock: Clock,
  ) {}

  /**
   * To be called while the rows are still there. A worker that writes on meanwhile finds its row missing within a second,
   * and removes its log itself.
   *
   * @throws when Redis is out of reach
   */
  async erase(userId: string): Promise<void> {
    const since = recentlyWritten(this.clock.now());
    const replies = await this.database.prisma.message.findMany({
      where: {
        chatroom: { userId },
        role: 'bot',
        attempt: { gt: 0 },
        OR: [{ completedAt: null }, { completedAt: { gt: since } }],
      },
      select: { id: true, attempt: true, completedAt: true },
    });
    for (const { id, completedAt } of replies) if (completedAt === null) await this.redis.publish(cancelChannel, id);
    await Promise.all(replies.map(({ id, attempt }) => this.log.remove(id, attempt)));
  }
}
