import { AuthModule } from '@app/auth';
import { Module } from '@nestjs/common';
import { ChatroomAccountParticipant } from './account/chatroom-account.participant.js';
import { ChatroomListCache } from './rooms/chatroom-list.cache.js';
import { ChatroomList } from './rooms/chatroom-list.service.js';
import { ChatroomController } from './rooms/chatroom.controller.js';
import { ChatroomService } from './rooms/chatroom.service.js';
import { ChatroomStore } from './rooms/chatroom.store.js';
import { ReplyEngineModule } from './replies/reply.module.js';
import { SearchController } from './search/search.controller.js';
import { SearchStore } from './search/search.store.js';

/** Rooms over HTTP: opening, listing, reading, changing, searching. */
@Module({
  imports: [AuthModule, ReplyEngineModule],
  controllers: [ChatroomController, SearchController],
  providers: [ChatroomStore, ChatroomService, ChatroomList, ChatroomListCache, SearchStore, ChatroomAccountParticipant],
})
export class ChatroomModule {}
