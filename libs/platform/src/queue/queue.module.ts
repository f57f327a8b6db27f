import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { QueueConnectionService } from './queue-connection.service.js';

/** What all keys of the queues begin with: a hash tag, since BullMQ's scripts read several of them, and a cluster runs those only in one place. */
export const QUEUE_PREFIX = '{bull}';

@Module({ providers: [QueueConnectionService], exports: [QueueConnectionService] })
class QueueConnectionModule {}

/** BullMQ on the process's Redis, for producers and workers alike: import it once, beside `BullModule.registerQueue`. */
export const QueueModule = BullModule.forRootAsync({
  imports: [QueueConnectionModule],
  inject: [QueueConnectionService],
  useFactory: ({ client }: QueueConnectionService) => ({ connection: client, prefix: QUEUE_PREFIX }),
});
