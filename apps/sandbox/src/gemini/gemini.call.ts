import { readMedia } from './gemini.media.js';
import { type Content, GoogleError, type Media, type Part, textOf } from './gemini.wire.js';

export const METHODS = ['generateContent', 'streamGenerateContent', 'countTokens', 'getModel'] as const;
export type Method = (typeof METHODS)[number];

/** Whether a call of this method is answered with a text of the model. */
export const isGenerating = (method: Method): boolean =>
  method === 'generateContent' || method === 'streamGenerateContent';

/** A parsed call of the model API. */
export interface GeminiCall {
  method: Method;
  model: string;
  apiKey: string;
  contents: Content[];
  systemInstruction: string | null;
  /** As it was sent; null: it was not. */
  generationConfig: GenerationConfig | null;
  /** Whether the model may search (`tools: [{googleSearch: {}}]`). */
  search: boolean;
  /** The newest user message: the last part of the user, where it is text. */
  prompt: string;
  /** What was sent inline with the newest user message: right before it. */
  media: Media[];
  /** The number of user messages: of the user's parts with text. */
  turns: number;
}

/** What a caller sets about the answer, as far as the sandbox reads it. */
interface GenerationConfig {
  /** The longest answer in tokens, with the thoughts before it. */
  maxOutputTokens?: number;
  temperature?: number;
  thinkingConfig?: { thinkingLevel?: string; thinkingBudget?: number; includeThoughts?: boolean };
}

/** The part of a call that comes from its body. */
type Conversation = Omit<GeminiCall, 'method' | 'model' | 'apiKey'>;

/** The conversation of a call without a body. */
export const NO_CONVERSATION: Conversation = {
  contents: [],
  systemInstruction: null,
  generationConfig: null,
  search: false,
  prompt: '',
  media: [],
  turns: 0,
};

/**
 * Reads the body of a generating or counting call.
 * @throws GoogleError 400 for a body that Google refuses too
 */
export function readConversation(body: unknown): Conversation {
  if (!isWellFormed(body)) {
    throw invalid('Invalid JSON payload received. A string holds half of a surrogate pair.');
  }
  const request = isObject(body) && isObject(body.generateContentRequest) ? body.generateContentRequest : body;
  if (!isObject(request) || !Array.isArray(request.contents) || request.contents.length === 0) {
    throw invalid('* GenerateContentRequest.contents: contents is not specified');
  }
  const contents = request.contents.map(readContent);
  const said = contents.filter(({ role }) => role !== 'model').flatMap(({ parts = [] }) => parts);
  const texts = said.filter(({ text }) => text !== undefined);
  const newest = said.slice(said.findLastIndex(({ text }, index) => text !== undefined && index < said.length - 1) + 1);
  return {
    contents,
    systemInstruction: isObject(request.systemInstruction) ? textOf(request.systemInstruction) : null,
    generationConfig: readGenerationConfig(request.generationConfig),
    search: readTools(request.tools),
    prompt: said.at(-1)?.text ?? '',
    media: newest.flatMap(({ inlineData }) => inlineData ?? []),
    turns: texts.length,
  };
}

function readContent(content: unknown): Content {
  if (!isObject(content)) throw invalid('Invalid value at contents.');
  const { role, parts } = content;
  if (role !== undefined && role !== 'user' && role !== 'model') {
    throw invalid('Please use a valid role: user, model.');
  }
  if (!Array.isArray(parts) || parts.length === 0) {
    throw invalid('* GenerateContentRequest.contents: contents.parts must not be empty.');
  }
  return { ...(role === undefined ? {} : { role }), parts: parts.map(readPart) };
}

function readPart(part: unknown): Part {
  if (isObject(part) && typeof part.text === 'string') return { text: part.text };
  if (isObject(part) && isObject(part.inlineData)) return { inlineData: readMedia(part.inlineData) };
  throw invalid('* GenerateContentRequest.contents.parts: the sandbox reads text and inlineData only.');
}

/** @returns whether the model may search */
function readTools(tools: unknown): boolean {
  if (tools === undefined) return false;
  const isSearch = (tool: unknown): boolean => isObject(tool) && isObject(tool.googleSearch);
  if (!Array.isArray(tools) || !tools.every(isSearch)) {
    throw invalid('* GenerateContentRequest.tools: the sandbox knows googleSearch only.');
  }
  return tools.length > 0;
}

function readGenerationConfig(config: unknown): GenerationConfig | null {
  if (config === undefined) return null;
  if (!isObject(config)) throw invalid('Invalid value at generation_config.');
  const { maxOutputTokens: max } = config;
  if (max !== undefined && !(Number.isInteger(max) && (max as number) > 0)) {
    throw invalid('* GenerateContentRequest.generation_config.max_output_tokens: must be a positive integer.');
  }
  const { temperature, thinkingConfig } = config;
  if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2)) {
    throw invalid('* GenerateContentRequest.generation_config.temperature: must be in the range [0.0, 2.0].');
  }
  const level = isObject(thinkingConfig) ? thinkingConfig.thinkingLevel : undefined;
  if (level !== undefined && !THINKING_LEVELS.has(level)) {
    throw invalid(`Invalid value at generation_config.thinking_config.thinking_level: ${JSON.stringify(level)}`);
  }
  return config;
}

/** ai.google.dev/gemini-api/docs/thinking */
const THINKING_LEVELS = new Set<unknown>(['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']);

/** Whether no string in a JSON value holds half of a surrogate pair. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return !isObject(value) || Object.values(value).every(isWellFormed);
}

const invalid = (message: string): GoogleError => new GoogleError(400, 'INVALID_ARGUMENT', message);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
