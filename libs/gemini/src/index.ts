export { GeminiConfig } from './gemini.config.js';
export { GeminiModule } from './gemini.module.js';
export { ReplyWorkerConfig } from './reply-worker.config.js';
