/** The wire format of `generativelanguage.googleapis.com/v1beta`, as far as a text chat meets it. Pure functions only. */

/** What was sent inline, without its bytes, which a journal of many calls couldn't keep. */
export interface Media {
  mimeType: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  tokens: number;
}

export interface Part {
  text?: string;
  /** What was sent inline; only in a request. */
  inlineData?: Media;
  /** The model's thinking, which is not part of the answer. */
  thought?: boolean;
}

export interface Content {
  role?: string;
  parts?: Part[];
}

/** An error as Google's front ends answer it. */
export class GoogleError extends Error {
  constructor(
    readonly code: number,
    readonly status: string,
    message: string,
    readonly details: object[] = [],
  ) {
    super(message);
    this.name = 'GoogleError';
  }

  toJSON(): object {
    const { code, message, status, details } = this;
    return { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } };
  }
}

const STATUS_WORDS: Record<number, [status: string, message: string]> = {
  400: ['INVALID_ARGUMENT', 'Request contains an invalid argument.'],
  401: ['UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  402: ['FAILED_PRECONDITION', 'Payment is required: the prepaid credits of this project are used up.'],
  403: ['PERMISSION_DENIED', 'The caller does not have permission'],
  404: ['NOT_FOUND', 'Requested entity was not found.'],
  408: ['DEADLINE_EXCEEDED', 'The request timed out. Please try again.'],
  409: ['ABORTED', 'The operation was aborted, typically due to a concurrency issue.'],
  429: ['RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.'],
  499: ['CANCELLED', 'The operation was cancelled.'],
  500: ['INTERNAL', 'An internal error has occurred. Please retry.'],
  502: ['UNAVAILABLE', 'Bad gateway.'],
  503: ['UNAVAILABLE', 'This model is currently experiencing high demand. Please try again later.'],
  504: ['DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'],
};

/** The error that Google pairs with an HTTP status. */
export function errorOfStatus(code: number, details: object[] = []): GoogleError {
  const [status, message] = STATUS_WORDS[code] ?? ['UNKNOWN', 'Unknown error.'];
  return new GoogleError(code, status, message, details);
}

/** 429. @param retryAfterMs null: without `RetryInfo` */
export function quotaError(retryAfterMs: number | null): GoogleError {
  const violation = { quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests' };
  const quota = { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] };
  if (retryAfterMs === null) return errorOfStatus(429, [quota]);
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterMs / 1000}s` };
  return errorOfStatus(429, [quota, retry]);
}

/** The answer to a wrong key, which is a 400. */
export function invalidKeyError(): GoogleError {
  return new GoogleError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
      domain: 'googleapis.com',
      metadata: { service: 'generativelanguage.googleapis.com' },
    },
  ]);
}

/** The answer where the project may not use the API, which is a 400. */
export const preconditionError = (): GoogleError =>
  new GoogleError(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.');

/** The answer to a request without a key. */
export function missingKeyError(): GoogleError {
  return new GoogleError(
    403,
    'PERMISSION_DENIED',
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  );
}

export function unknownModelError(model: string): GoogleError {
  return new GoogleError(
    404,
    'NOT_FOUND',
    `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  );
}

const LISTED_MODELS = ['gemini-flash-latest', 'gemini-flash-lite-latest', 'gemini-pro-latest', 'gemini-2.5-flash'];

/** Any name of the form exists, so that tests don't depend on the current models; the first generation is retired. */
export const modelExists = (model: string): boolean => /^(gemini|gemma)-(?!1)[\w.-]+$/.test(model);

export function modelResource(model: string): object {
  return {
    name: `models/${model}`,
    version: 'sandbox',
    displayName: model,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  };
}

export const modelList = (): object => ({ models: LISTED_MODELS.map(modelResource) });

/** The text of a content, without thinking. */
export const textOf = (content: Content): string =>
  (content.parts ?? [])
    .filter((part) => part.thought !== true)
    .map((part) => part.text ?? '')
    .join('');

/** In the sandbox a token is four characters. */
export const tokensOf = (text: string): number => Math.ceil(text.length / 4);

/** The tokens of what was asked: its text, and what was sent inline. */
export function promptTokensOf(contents: Content[], systemInstruction: string | null): number {
  const media = contents.flatMap(({ parts = [] }) => parts.map(({ inlineData }) => inlineData?.tokens ?? 0));
  return tokensOf(contents.map(textOf).join('') + (systemInstruction ?? '')) + media.reduce((sum, one) => sum + one, 0);
}

/** What an answer rests on (ai.google.dev/gemini-api/docs/google-search). Indexes count bytes of UTF-8 in the answer. */
export interface GroundingMetadata {
  webSearchQueries: string[];
  groundingChunks: { web: { uri: string; title: string } }[];
  groundingSupports: {
    segment: { startIndex?: number; endIndex: number; text: string };
    groundingChunkIndices: number[];
  }[];
}

/** Tokens so far. A count of zero is left out, as Google does. */
export interface UsageMetadata {
  promptTokenCount: number;
  /** Part of `promptTokenCount`. */
  cachedContentTokenCount?: number;
  /** No part of `candidatesTokenCount`. */
  thoughtsTokenCount?: number;
  candidatesTokenCount?: number;
  totalTokenCount: number;
}

/** A response, or one event of a streamed one. */
export interface GenerateContentResponse {
  candidates?: { content?: Content; finishReason?: string; groundingMetadata?: GroundingMetadata; index: 0 }[];
  promptFeedback?: { blockReason: string };
  usageMetadata: UsageMetadata;
  modelVersion: string;
  responseId: string;
}

/** JSON with the Unicode line separators escaped, as Google does: simple readers of event streams rely on it. */
export const toJson = (value: object): string =>
  JSON.stringify(value).replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);

/** How the responses of one streamed call are put on the wire. */
export interface Framing {
  contentType: string;
  open: string;
  event(json: string, index: number): string;
  close: string;
}

/** `?alt=sse` */
export const SSE_FRAMING: Framing = {
  contentType: 'text/event-stream',
  open: '',
  event: (json) => `data: ${json}\r\n\r\n`,
  close: '',
};

/** Without `alt=sse`: one JSON array, written element by element. */
export const ARRAY_FRAMING: Framing = {
  contentType: 'application/json; charset=UTF-8',
  open: '[',
  event: (json, index) => (index === 0 ? json : `,\r\n${json}`),
  close: ']',
};
