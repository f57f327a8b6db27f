import { ReplyModule } from '@app/chatroom';
import { FileStoreModule } from '@app/file';
import { QueueConnectionModule } from '@app/platform';
import { CatalogueModule, UsageModule } from '@app/subscription';
import { Module } from '@nestjs/common';
import { ReplyBacklogMetrics } from './backlog/reply-backlog.metrics.js';
import { ReplyBacklogStore } from './backlog/reply-backlog.store.js';
import { GeminiConfig } from './google/gemini.config.js';
import { languageModelOf } from './google/language-model.factory.js';
import { LanguageModel } from './model/language-model.port.js';
import { ModelAvailabilityService } from './model/model-availability.service.js';
import { ModelMetrics } from './model/model.metrics.js';
import { ModelPauseMetrics } from './model/model-pause.metrics.js';
import { ModelPauseStore } from './model/model-pause.store.js';
import { ModelWatchService } from './model/model-watch.service.js';
import { ChatroomNamingService } from './naming/chatroom-naming.service.js';
import { CancellationListener } from './replies/cancellation.listener.js';
import { DirectRepliesService } from './queue/direct-replies.service.js';
import { HistoryService } from './claims/history.service.js';
import { MediaTokensService } from './claims/media-tokens.service.js';
import { MediaTokensStore } from './claims/media-tokens.store.js';
import { ShownFilesService } from './claims/shown-files.service.js';
import { LeasedRepliesService } from './replies/leased-replies.service.js';
import { QueueWatchService } from './queue/queue-watch.service.js';
import { ReplyAttemptService } from './replies/reply-attempt.service.js';
import { ReplyClaimService } from './replies/reply-claim.service.js';
import { ReplySettlementService } from './replies/reply-settlement.service.js';
import { ReplySweepTask } from './replies/reply-sweep.task.js';
import { ReplyMetrics } from './replies/reply.metrics.js';
import { ReplyProcessor } from './replies/reply.processor.js';
import { ReplyStore } from './replies/reply.store.js';
import { ReplyStoryService } from './replies/reply-story.service.js';
import { WorkerCapacityService } from './queue/worker-capacity.service.js';

/** The work of the worker: replies, written by Gemini. Importing it starts a queue worker in the process. */
@Module({
  imports: [QueueConnectionModule, ReplyModule, CatalogueModule, UsageModule, FileStoreModule],
  providers: [
    { provide: LanguageModel, useFactory: languageModelOf, inject: [GeminiConfig] },
    ModelAvailabilityService,
    ModelMetrics,
    ModelPauseMetrics,
    ModelPauseStore,
    ModelWatchService,
    ReplyClaimService,
    ReplyProcessor,
    ReplyAttemptService,
    ReplySettlementService,
    ReplyStore,
    ReplyStoryService,
    ReplySweepTask,
    LeasedRepliesService,
    CancellationListener,
    HistoryService,
    MediaTokensService,
    MediaTokensStore,
    ShownFilesService,
    ChatroomNamingService,
    ReplyMetrics,
    ReplyBacklogMetrics,
    ReplyBacklogStore,
    WorkerCapacityService,
    QueueWatchService,
    DirectRepliesService,
  ],
})
export class GeminiModule {}
