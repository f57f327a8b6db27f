/** What tests alone need of the work on replies: `@app/gemini/testing`. The product may not import it. */
export { LeasedReply } from './replies/leased-reply.js';
export { ReplyConfig } from './replies/reply.config.js';
export { type ClaimOutcome, type FinalReply, type FinishedReply, ReplyStore } from './replies/reply.store.js';
export { ModelPauseStore } from './model/model-pause.store.js';
export {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelRequest,
  type ModelUsage,
} from './model/language-model.port.js';
export { GeminiConfig, type GeminiSdk } from './google/gemini.config.js';
export { GenaiLanguageModel } from './google/genai.language-model.js';
export { GenerativeAiLanguageModel } from './google/generative-ai.language-model.js';
export { ModelAvailabilityService } from './model/model-availability.service.js';
export { ModelMetrics } from './model/model.metrics.js';
export type { ClaimedReply } from './claims/reply-claim-sql.js';
