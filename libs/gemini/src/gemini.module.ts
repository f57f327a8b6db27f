import { ReplyEngineModule } from '@app/chatroom';
import { Module } from '@nestjs/common';
import { CancelListener } from './replies/cancellation.listener.js';
import { GeminiLanguageModel } from './model/gemini.language-model.js';
import { HeldReplies } from './replies/leased-replies.service.js';
import { History } from './replies/history.service.js';
import { LanguageModel } from './model/language-model.port.js';
import { ModelWatch } from './model/model-watch.service.js';
import { ReplyMetrics } from './replies/reply.metrics.js';
import { ReplyProcessor } from './replies/reply.processor.js';
import { ReplySweeper } from './replies/reply-sweep.task.js';
import { RoomNaming } from './replies/room-naming.service.js';

/** The work of the worker: replies, written by Gemini. Importing it starts a queue worker in the process. */
@Module({
  imports: [ReplyEngineModule],
  providers: [
    { provide: LanguageModel, useClass: GeminiLanguageModel },
    ReplyProcessor,
    ReplySweeper,
    HeldReplies,
    CancelListener,
    History,
    RoomNaming,
    ReplyMetrics,
    ModelWatch,
  ],
})
export class GeminiModule {}
