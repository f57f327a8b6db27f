import { type Content, GoogleError, textOf } from './gemini.wire.js';

export const GENERATING_METHODS = ['generateContent', 'streamGenerateContent'] as const;
export const METHODS = [...GENERATING_METHODS, 'countTokens', 'getModel'] as const;
export type Method = (typeof METHODS)[number];

/** A parsed call of the model API. */
export interface GeminiCall {
  method: Method;
  model: string;
  apiKey: string;
  contents: Content[];
  systemInstruction: string | null;
  /** The newest user message. */
  prompt: string;
  /** The number of user messages. */
  turns: number;
}

/** The part of a call that comes from its body. */
type Conversation = Pick<GeminiCall, 'contents' | 'systemInstruction' | 'prompt' | 'turns'>;

/** The conversation of a call without a body. */
export const NO_CONVERSATION: Conversation = { contents: [], systemInstruction: null, prompt: '', turns: 0 };

/**
 * Reads the body of a generating or counting call.
 * @throws GoogleError 400 for a body that Google refuses too
 */
export function readConversation(body: unknown): Conversation {
  const request = isObject(body) && isObject(body.generateContentRequest) ? body.generateContentRequest : body;
  if (!isObject(request) || !Array.isArray(request.contents) || request.contents.length === 0) {
    throw invalid('* GenerateContentRequest.contents: contents is not specified');
  }
  const contents = request.contents.map(readContent);
  const said = contents.filter((content) => content.role !== 'model').map(textOf);
  return {
    contents,
    systemInstruction: isObject(request.systemInstruction) ? textOf(request.systemInstruction) : null,
    prompt: said.at(-1) ?? '',
    turns: said.length,
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
  if (!parts.every((part) => isObject(part) && typeof part.text === 'string')) {
    throw invalid('* GenerateContentRequest.contents.parts: the sandbox reads text only.');
  }
  return content;
}

const invalid = (message: string): GoogleError => new GoogleError(400, 'INVALID_ARGUMENT', message);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
