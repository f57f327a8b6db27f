export { GeminiModule } from './gemini.module.js';
export { GeminiConfig } from './google/gemini.config.js';
export { ReplyConfig } from './replies/reply.config.js';
export { ReplyWorkerConfig, workerShutdownMs } from './queue/reply-worker.config.js';
