import type { Agent } from 'node:http';
import { keepAliveAgent } from '@app/platform';
import {
  type Content,
  type EnhancedGenerateContentResponse,
  type GenerativeModel,
  GoogleGenerativeAI,
  GoogleGenerativeAIFetchError,
  type Part,
  type RequestOptions,
} from '@google/generative-ai';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { outcomeOf } from './gemini-outcome.js';
import { GeminiConfig } from './gemini.config.js';
import { fetchOver } from './kept-connection.fetch.js';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelFailure,
  type ModelPiece,
  type ModelRequest,
  type ModelTurn,
} from './language-model.port.js';
import { ModelCall } from './model-call.js';

/** What the wire holds beyond the SDK's types: newer fields, and errors in the middle of a stream. */
type Chunk = Partial<EnhancedGenerateContentResponse> & {
  modelVersion?: string;
  error?: { code?: number; details?: ErrorDetail[] };
};

/** So long that the regular check of the key, every 5 minutes at most, finds a connection and keeps it. The server may close it earlier. */
const KEPT_CONNECTIONS = { maxIdle: 100, idleMs: 6 * 60_000 };

/** Gemini over Google's SDK, whose support has ended: its successor means another file like this one. */
@Injectable()
export class GeminiLanguageModel extends LanguageModel implements OnApplicationShutdown {
  private readonly client: GoogleGenerativeAI;
  private readonly agent: Agent;
  private readonly requestOptions: RequestOptions;

  constructor(private readonly config: GeminiConfig) {
    super();
    this.client = new GoogleGenerativeAI(config.GEMINI_API_KEY ?? 'none');
    const baseUrl = config.GEMINI_BASE_URL?.replace(/\/+$/, '');
    this.requestOptions = baseUrl === undefined ? {} : { baseUrl };
    this.agent = keepAliveAgent(baseUrl === undefined ? 'https:' : new URL(baseUrl).protocol, KEPT_CONNECTIONS);
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }

  override async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPiece, ModelEnd, void> {
    const call = new ModelCall(signal, this.config.GEMINI_CALL_TIMEOUT_MS);
    const end: GeminiEnd = { finishReason: null, blockReason: null, modelVersion: null, usage: null };
    try {
      for await (const chunk of this.chunks(request, call)) {
        if (chunk.error !== undefined) throw errorInStream(chunk.error);
        takeEnd(end, chunk);
        const text = textOf(chunk);
        if (text !== '' || chunk.usageMetadata !== undefined) yield { text, usage: end.usage };
      }
      return modelEnd(end);
    } catch (error) {
      throw explain(error, call);
    } finally {
      call.end();
    }
  }

  private async *chunks(request: ModelRequest, call: ModelCall): AsyncGenerator<Chunk> {
    const { GEMINI_FIRST_BYTE_TIMEOUT_MS: first, GEMINI_IDLE_TIMEOUT_MS: idle } = this.config;
    const asked = {
      contents: contentsOf(request),
      generationConfig: { maxOutputTokens: request.maxOutputTokens },
    };
    const open = () => this.send(call, () => this.model(request).generateContentStream(asked));
    const { stream, response } = await call.within(first, open);
    // The SDK reads everything twice. A failure of the copy is met in the stream; unhandled here, it would end the process.
    response.catch(() => undefined);
    let next = await call.within(first, () => stream.next());
    while (next.done !== true) {
      yield next.value;
      next = await call.within(idle, () => stream.next());
    }
  }

  override async countTokens(request: ModelRequest, signal: AbortSignal): Promise<number> {
    const call = new ModelCall(signal, this.config.GEMINI_FIRST_BYTE_TIMEOUT_MS);
    try {
      const asked = { contents: contentsOf(request) };
      const { totalTokens } = await this.send(call, () => this.model(request).countTokens(asked));
      if (!Number.isInteger(totalTokens)) throw new ModelError('unavailable', 'The answer holds no count');
      return totalTokens;
    } catch (error) {
      throw explain(error, call);
    } finally {
      call.end();
    }
  }

  /** Counting a word needs the same key and model as answering, and costs nothing. */
  override async check(model: string, signal: AbortSignal): Promise<void> {
    const request = { model, systemInstruction: null, history: [], prompt: 'Hello', maxOutputTokens: 1 };
    await this.countTokens(request, signal);
  }

  private model({ model, systemInstruction }: ModelRequest): GenerativeModel {
    const instruction = systemInstruction === null ? {} : { systemInstruction: systemInstruction.toWellFormed() };
    return this.client.getGenerativeModel({ model, ...instruction }, this.requestOptions);
  }

  /**
   * Has the SDK send over kept connections. It takes the global `fetch` and no other, before its first `await`: the global is
   * another one for just so long, and nothing else ever sees it (docs/adr/0029).
   */
  private send<T>(call: ModelCall, request: () => Promise<T>): Promise<T> {
    const original = globalThis.fetch;
    globalThis.fetch = fetchOver(this.agent, call.signal) as unknown as typeof fetch;
    try {
      return request();
    } finally {
      globalThis.fetch = original;
    }
  }
}

/** What a failure means. The SDK's messages quote what was sent and received, so none of them is passed on. */
function explain(error: unknown, call: ModelCall): unknown {
  if (call.abortedBy !== null) return call.abortedBy.reason;
  if (error instanceof ModelError) return error;
  if (error instanceof GoogleGenerativeAIFetchError && error.status !== undefined) {
    return errorOfStatus(error.status, error.errorDetails ?? [], error.message);
  }
  return new ModelError('unavailable', 'The connection failed, or what came over it is no answer of Gemini');
}

/** An error after the answer had begun. Key, model and request have been accepted by then, so it may go well next time. */
function errorInStream({ code = 500, details = [] }: NonNullable<Chunk['error']>): ModelError {
  return new ModelError(
    code === 429 ? 'rate_limited' : 'unavailable',
    `HTTP ${code} mid-stream`,
    retryAfterMs(details),
  );
}

/** Google's `ErrorInfo` and `RetryInfo` (google/rpc/error_details.proto). */
interface ErrorDetail {
  '@type'?: string;
  reason?: string;
  [field: string]: unknown;
}

/** Where an operator mends it. */
const SETTINGS = 'See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.';

/**
 * What Gemini says in a 400 with the status FAILED_PRECONDITION, which the SDK leaves out: the project may not use the API
 * from this region, or not without billing (ai.google.dev/gemini-api/docs/troubleshooting).
 */
const FAILED_PRECONDITION =
  /FAILED_PRECONDITION|location is not supported|not available in your (country|region)|billing/i;

/** @param said the SDK's message, which quotes the vendor's; it is read and not passed on */
function errorOfStatus(status: number, details: ErrorDetail[], said: string): ModelError {
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const hint = hintOf(status, reason, said);
  const message = `HTTP ${status}${reason === undefined ? '' : ` ${reason}`}${hint === null ? '' : `: ${hint}. ${SETTINGS}`}`;
  return new ModelError(failureOf(status, hint), message, retryAfterMs(details), true);
}

/** What an operator has to mend; null: nothing. */
function hintOf(status: number, reason: string | undefined, said: string): string | null {
  // A wrong key is a 400, as if the request were malformed.
  if (reason === 'API_KEY_INVALID' || status === 401 || status === 403) return 'the API key is not accepted';
  if (status >= 300 && status < 400) return 'GEMINI_BASE_URL redirects, which is not followed with a key';
  if (status === 402) return 'the project of the API key has to be paid for';
  if (status === 404) return 'no such model, or no such call at this address';
  const refused = status === 400 && FAILED_PRECONDITION.test(said.replace(/^.*?\] /s, ''));
  return refused ? 'the project of the API key may not use the API, because of its region or its billing' : null;
}

function failureOf(status: number, hint: string | null): ModelFailure {
  if (status === 404) return 'unknown_model';
  if (hint !== null) return 'misconfigured';
  if (status === 429) return 'rate_limited';
  return PASSING.has(status) || status >= 500 ? 'unavailable' : 'rejected';
}

/** Request timeout, ABORTED, CANCELLED: the same request may go well next time. */
const PASSING = new Set([408, 409, 499]);

/** `retryDelay` is a protobuf duration in JSON: seconds with an `s`. */
function retryAfterMs(details: ErrorDetail[]): number | null {
  const delay = details.find((detail) => detail['@type']?.endsWith('google.rpc.RetryInfo'))?.['retryDelay'];
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1_000) : null;
}

/**
 * The conversation as Gemini wants it: its roles alternate, so what the user said in a row is one content of several parts.
 * Half of a surrogate pair would be a 400.
 */
function contentsOf({ history, prompt }: ModelRequest): Content[] {
  const contents: Content[] = [];
  for (const { role, text } of [...history, { role: 'user', text: prompt } satisfies ModelTurn]) {
    const part = { text: text.toWellFormed() };
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(part);
    else contents.push({ role, parts: [part] });
  }
  return contents;
}

/** The visible text; thoughts are not meant for readers. */
const textOf = (chunk: Chunk): string =>
  (chunk.candidates?.[0]?.content?.parts ?? [])
    .filter((part: Part & { thought?: boolean }) => part.thought !== true)
    .map((part) => part.text ?? '')
    .join('');

/** What the chunks of a stream have said about its end so far, in Gemini's words. */
interface GeminiEnd extends Omit<ModelEnd, 'outcome'> {
  /** Why the prompt was refused before any answer. */
  blockReason: string | null;
}

function modelEnd(end: GeminiEnd): ModelEnd {
  const { blockReason, finishReason, modelVersion, usage } = end;
  return {
    outcome: outcomeOf(blockReason, finishReason),
    finishReason: finishReason ?? blockReason,
    modelVersion,
    usage,
  };
}

function takeEnd(end: GeminiEnd, { candidates, promptFeedback, modelVersion, usageMetadata }: Chunk): void {
  end.finishReason = candidates?.[0]?.finishReason ?? end.finishReason;
  end.blockReason = promptFeedback?.blockReason ?? end.blockReason;
  end.modelVersion = modelVersion ?? end.modelVersion;
  if (usageMetadata === undefined) return;
  end.usage = {
    promptTokens: usageMetadata.promptTokenCount ?? 0,
    cachedTokens: usageMetadata.cachedContentTokenCount ?? 0,
    thoughtTokens: (usageMetadata as { thoughtsTokenCount?: number }).thoughtsTokenCount ?? 0,
    replyTokens: usageMetadata.candidatesTokenCount ?? 0,
  };
}
