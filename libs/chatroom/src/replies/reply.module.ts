import { REPLY_QUEUE } from '@app/contracts';
import { CrashPointService, QueueConnectionModule, QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { PastTurnStore } from '../messages/past-turn.store.js';
import { ChatroomTitleStore } from '../rooms/chatroom-title.store.js';
import { ReplyLogStore } from '../streams/reply-log.store.js';
import { ReplyCompletionService } from './reply-completion.service.js';
import { ReplyErasureService } from './reply-erasure.service.js';
import { ReplyJobsService } from './reply-jobs.service.js';
import { ReplyOrderStore } from './reply-order.store.js';

const SHARED = [
  ReplyJobsService,
  ReplyCompletionService,
  ReplyOrderStore,
  ReplyErasureService,
  ReplyLogStore,
  PastTurnStore,
  ChatroomTitleStore,
  CrashPointService,
];

/** What API and worker share of a reply's life: its jobs, its log for readers, what follows its end. */
@Module({
  imports: [QueueConnectionModule, QueueModule, BullModule.registerQueue({ name: REPLY_QUEUE.queue })],
  providers: SHARED,
  exports: SHARED,
})
export class ReplyModule {}
