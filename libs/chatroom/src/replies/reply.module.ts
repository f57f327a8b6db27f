import { MESSAGE_QUEUE } from '@app/contracts';
import { CrashPoints, QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ChatroomTitles } from '../rooms/chatroom-title.store.js';
import { Conversation } from '../messages/past-turns.store.js';
import { ReplyBell } from './reply-jobs.service.js';
import { ReplyErasure } from './reply-erasure.service.js';
import { ReplyLog } from '../streams/reply.log.js';
import { ReplyStore } from '../../../gemini/src/replies/reply.store.js';

/** A reply's life as API and worker share it: its states in PostgreSQL, its bell, its log for readers. */
@Module({
  imports: [QueueModule, BullModule.registerQueue({ name: MESSAGE_QUEUE })],
  providers: [ReplyStore, ReplyBell, ReplyLog, ReplyErasure, Conversation, ChatroomTitles, CrashPoints],
  exports: [ReplyStore, ReplyBell, ReplyLog, ReplyErasure, Conversation, ChatroomTitles, CrashPoints],
})
export class ReplyEngineModule {}
