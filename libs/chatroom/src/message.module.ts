import { Module } from '@nestjs/common';
import { AuthModule } from '@app/auth';
import { SubscriptionModule } from '@app/subscription';
import { MessageAcceptance } from './message-acceptance.js';
import { MessageController } from './message.controller.js';
import { MessageStore } from './message.store.js';
import { ReplyCancellation } from './reply-cancellation.js';
import { ReplyEngineModule } from './reply-engine.module.js';
import { ReplyReader } from './reply-reader.js';
import { ReplySignals } from './reply-signals.js';
import { ReplyStreams } from './reply-streams.js';

/** Messages over HTTP: sending, reading, streaming, stopping. */
@Module({
  imports: [AuthModule, SubscriptionModule, ReplyEngineModule],
  controllers: [MessageController],
  providers: [MessageAcceptance, MessageStore, ReplySignals, ReplyReader, ReplyStreams, ReplyCancellation],
})
export class MessageModule {}
