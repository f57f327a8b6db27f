import {
  GeminiConfig,
  type GeminiSdk,
  GenaiLanguageModel,
  GenerativeAiLanguageModel,
  type LanguageModel,
  type ModelEnd,
  type ModelRequest,
  type ModelUsage,
} from '@app/gemini/testing';

const ADAPTERS = { 'generative-ai': GenerativeAiLanguageModel, genai: GenaiLanguageModel };

/** Gemini at an address, over one of Google's SDKs. */
export const geminiAt = (url: string, sdk: GeminiSdk, settings: Partial<GeminiConfig> = {}): LanguageModel =>
  new ADAPTERS[sdk](
    Object.assign(new GeminiConfig(), { GEMINI_API_KEY: 'the-key', GEMINI_BASE_URL: url, ...settings }),
  );

/** What a call brought: the pieces, and its end or error. */
export interface Heard {
  pieces: string[];
  text: string;
  thoughts: string;
  /** What the pieces told of the use, in order. */
  usages: (ModelUsage | null)[];
  end?: ModelEnd;
  error?: unknown;
}

/** A request that says hello, but for what is given. */
export const asking = (request: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'gemini-flash-latest',
  systemInstruction: null,
  history: [],
  prompt: 'Hello',
  maxOutputTokens: 1_000,
  thinking: null,
  temperature: null,
  showThoughts: false,
  search: false,
  files: [],
  ...request,
});

/** Asks, and keeps all that comes. */
export async function hear(
  model: LanguageModel,
  request = asking(),
  { signal = new AbortController().signal, onPiece = (): void => undefined } = {},
): Promise<Heard> {
  const heard: Heard = { pieces: [], text: '', thoughts: '', usages: [] };
  const stream = model.stream(request, signal);
  try {
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return { ...heard, end: next.value };
      heard.pieces.push(next.value.text);
      heard.text += next.value.text;
      heard.thoughts += next.value.thought;
      heard.usages.push(next.value.usage);
      onPiece();
    }
  } catch (error) {
    return { ...heard, error };
  }
}
