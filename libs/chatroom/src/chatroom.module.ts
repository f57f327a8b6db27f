import { AuthModule } from '@app/auth';
import { Module } from '@nestjs/common';
import { ChatroomAccountParticipant } from './chatroom-account.participant.js';
import { ChatroomListCache } from './chatroom-list-cache.js';
import { ChatroomList } from './chatroom-list.js';
import { ChatroomController } from './chatroom.controller.js';
import { ChatroomService } from './chatroom.service.js';
import { ChatroomStore } from './chatroom.store.js';
import { ReplyEngineModule } from './reply-engine.module.js';
import { SearchController } from './search.controller.js';
import { SearchStore } from './search.store.js';

/** Rooms over HTTP: opening, listing, reading, changing, searching. */
@Module({
  imports: [AuthModule, ReplyEngineModule],
  controllers: [ChatroomController, SearchController],
  providers: [ChatroomStore, ChatroomService, ChatroomList, ChatroomListCache, SearchStore, ChatroomAccountParticipant],
})
export class ChatroomModule {}
