import { ReplyEngineModule } from '@app/chatroom';
import { Module } from '@nestjs/common';
import { CancelListener } from './cancel-listener.js';
import { GeminiLanguageModel } from './gemini.language-model.js';
import { HeldReplies } from './held-replies.js';
import { History } from './history.js';
import { LanguageModel } from './language-model.port.js';
import { ModelWatch } from './model-watch.js';
import { ReplyMetrics } from './reply.metrics.js';
import { ReplyProcessor } from './reply.processor.js';
import { ReplySweeper } from './reply.sweeper.js';
import { RoomNaming } from './room-naming.js';

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
