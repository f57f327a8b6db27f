import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { QUEUE_PREFIX, QueueConnectionService } from './queue-connection.service.js';

/** The connection by itself, for whoever asks whether the queue is up. */
@Module({ providers: [QueueConnectionService], exports: [QueueConnectionService] })
export class QueueConnectionModule {}

/** BullMQ on the process's Redis, for producers and workers alike: import it once, beside `BullModule.registerQueue`. */
export const QueueModule = BullModule.forRootAsync({
  imports: [QueueConnectionModule],
  inject: [QueueConnectionService],
  useFactory: ({ client }: QueueConnectionService) => ({ connection: client, prefix: QUEUE_PREFIX }),
});
