import { Module } from '@nestjs/common';
import { AuthModule } from '@app/auth';
import { SubscriptionModule } from '@app/subscription';
import { MessageAcceptance } from './sending/message-acceptance.store.js';
import { MessageController } from './sending/message.controller.js';
import { MessageStore } from './messages/message.store.js';
import { ReplyCancellation } from './replies/reply-cancellation.service.js';
import { ReplyEngineModule } from './replies/reply.module.js';
import { ReplyReader } from './streams/reply-reader.service.js';
import { ReplySignals } from './streams/reply-signals.service.js';
import { ReplyStreams } from './streams/reply-stream.service.js';

/** Messages over HTTP: sending, reading, streaming, stopping. */
@Module({
  imports: [AuthModule, SubscriptionModule, ReplyEngineModule],
  controllers: [MessageController],
  providers: [MessageAcceptance, MessageStore, ReplySignals, ReplyReader, ReplyStreams, ReplyCancellation],
})
export class MessageModule {}
