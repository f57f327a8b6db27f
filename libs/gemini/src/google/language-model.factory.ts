import type { LanguageModel } from '../model/language-model.port.js';
import type { GeminiConfig } from './gemini.config.js';

/** Gemini over the SDK that is configured. The other one isn't loaded. */
export async function languageModelOf(config: GeminiConfig): Promise<LanguageModel> {
  switch (config.GEMINI_SDK) {
    case 'generative-ai': {
      const { GenerativeAiLanguageModel } = await import('./generative-ai.language-model.js');
      return new GenerativeAiLanguageModel(config);
    }
    case 'genai': {
      const { GenaiLanguageModel } = await import('./genai.language-model.js');
      return new GenaiLanguageModel(config);
    }
  }
}
