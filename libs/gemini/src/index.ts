export { GeminiConfig } from './model/gemini.config.js';
export { GeminiModule } from './gemini.module.js';
export { ReplyWorkerConfig } from './replies/reply-worker.config.js';
