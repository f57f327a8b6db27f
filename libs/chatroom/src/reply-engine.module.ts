import { MESSAGE_QUEUE } from '@app/contracts';
import { Faults, QueueModule } from '@app/platform';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ChatroomTitles } from './chatroom-titles.js';
import { Conversation } from './conversation.js';
import { ReplyBell } from './reply-bell.js';
import { ReplyErasure } from './reply-erasure.js';
import { ReplyLog } from './reply-log.js';
import { ReplyStore } from './reply.store.js';

/** A reply's life as API and worker share it: its states in PostgreSQL, its bell, its log for readers. */
@Module({
  imports: [QueueModule, BullModule.registerQueue({ name: MESSAGE_QUEUE })],
  providers: [ReplyStore, ReplyBell, ReplyLog, ReplyErasure, Conversation, ChatroomTitles, Faults],
  exports: [ReplyStore, ReplyBell, ReplyLog, ReplyErasure, Conversation, ChatroomTitles, Faults],
})
export class ReplyEngineModule {}
