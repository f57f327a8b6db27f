import { AuthModule } from '@app/auth';
import { SlotModule } from '@app/platform';
import { SubscriptionModule } from '@app/subscription';
import { Module } from '@nestjs/common';
import { ChatroomAccountParticipant } from './account/chatroom-account.participant.js';
import { ChatroomExportStore } from './account/chatroom-export.store.js';
import { FeedbackController } from './feedback/feedback.controller.js';
import { FeedbackMetrics } from './feedback/feedback.metrics.js';
import { FeedbackService } from './feedback/feedback.service.js';
import { FeedbackStore } from './feedback/feedback.store.js';
import { MessageStore } from './messages/message.store.js';
import { ReplyCancellationService } from './replies/reply-cancellation.service.js';
import { ReplyCancellationStore } from './replies/reply-cancellation.store.js';
import { ReplyModule } from './replies/reply.module.js';
import { ReplyInspectionStore } from './replies/reply-inspection.store.js';
import { RoomDeletionController } from './replies/room-deletion.controller.js';
import { RoomDeletionService } from './replies/room-deletion.service.js';
import { RoomDeletionStore } from './replies/room-deletion.store.js';
import { ChatroomListCache } from './rooms/chatroom-list.cache.js';
import { ChatroomListService } from './rooms/chatroom-list.service.js';
import { ChatroomWalkCache } from './rooms/chatroom-walk.cache.js';
import { ChatroomWalkService } from './rooms/chatroom-walk.service.js';
import { ChatroomController } from './rooms/chatroom.controller.js';
import { ChatroomService } from './rooms/chatroom.service.js';
import { ChatroomStore } from './rooms/chatroom.store.js';
import { SearchController } from './search/search.controller.js';
import { SearchService } from './search/search.service.js';
import { SearchStore } from './search/search.store.js';
import { MessageAcceptanceStore } from './sending/message-acceptance.store.js';
import { MessageController } from './sending/message.controller.js';
import { MessageStreamController } from './sending/message-stream.controller.js';
import { MessageService } from './sending/message.service.js';
import { ShareAccountParticipant } from './shares/share-account.participant.js';
import { ShareController } from './shares/share.controller.js';
import { ShareService } from './shares/share.service.js';
import { ShareStore } from './shares/share.store.js';
import { ShareReadingController } from './shares/share-reading.controller.js';
import { ReplyReaderService } from './streams/reply-reader.service.js';
import { ReplySignalService } from './streams/reply-signal.service.js';
import { ReplyStreamService } from './streams/reply-stream.service.js';

/** Rooms and messages over HTTP: creating, listing, reading, sending, streaming, stopping, searching, sharing. */
@Module({
  imports: [AuthModule, SlotModule, SubscriptionModule, ReplyModule],
  controllers: [
    ChatroomController,
    RoomDeletionController,
    SearchController,
    MessageController,
    MessageStreamController,
    FeedbackController,
    ShareController,
    ShareReadingController,
  ],
  providers: [
    ...[ChatroomStore, ChatroomService, ChatroomListService, ChatroomListCache, ChatroomWalkService, ChatroomWalkCache],
    ...[MessageStore, MessageAcceptanceStore, MessageService],
    ...[FeedbackStore, FeedbackService, FeedbackMetrics],
    ...[ReplySignalService, ReplyReaderService, ReplyStreamService],
    ...[ReplyCancellationStore, ReplyCancellationService, RoomDeletionStore, RoomDeletionService, ReplyInspectionStore],
    ...[ShareStore, ShareService, ShareAccountParticipant],
    ...[SearchStore, SearchService, ChatroomExportStore, ChatroomAccountParticipant],
  ],
  exports: [ReplyCancellationService, ReplyInspectionStore, ReplyModule],
})
export class ChatroomModule {}
