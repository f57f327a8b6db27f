import {
  type Content,
  type EnhancedGenerateContentResponse,
  type GenerativeModel,
  GoogleGenerativeAI,
  GoogleGenerativeAIFetchError,
  type Part,
} from '@google/generative-ai';
import { Injectable } from '@nestjs/common';
import { outcomeOf } from './gemini-outcome.js';
import { GeminiConfig } from './gemini.config.js';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelFailure,
  type ModelRequest,
} from './language-model.port.js';
import { ModelCall } from './model-call.js';

/** What the wire holds beyond the SDK's types: newer fields, and errors in the middle of a stream. */
type Chunk = Partial<EnhancedGenerateContentResponse> & {
  modelVersion?: string;
  error?: { code?: number; details?: ErrorDetail[] };
};

/** Gemini over Google's SDK, whose support has ended: its successor means another file like this one. */
@Injectable()
export class GeminiLanguageModel extends LanguageModel {
  private readonly client: GoogleGenerativeAI;

  override readonly defaultModel: string;

  constructor(private readonly config: GeminiConfig) {
    super();
    this.defaultModel = config.GEMINI_MODEL;
    this.client = new GoogleGenerativeAI(config.GEMINI_API_KEY ?? 'none');
  }

  override async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<string, ModelEnd, void> {
    const call = new ModelCall(signal, this.config.GEMINI_CALL_TIMEOUT_MS);
    const end: GeminiEnd = { finishReason: null, blockReason: null, modelVersion: null, usage: null };
    try {
      for await (const chunk of this.chunks(request, call)) {
        if (chunk.error !== undefined) throw errorInStream(chunk.error);
        takeEnd(end, chunk);
        const text = textOf(chunk);
        if (text !== '') yield text;
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
    const asked = { contents: contentsOf(request) };
    const open = () => this.model(request).generateContentStream(asked, { signal: call.signal });
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
      const { totalTokens } = await this.model(request).countTokens(asked, { signal: call.signal });
      if (!Number.isInteger(totalTokens)) throw new ModelError('unavailable', 'The answer holds no count');
      return totalTokens;
    } catch (error) {
      throw explain(error, call);
    } finally {
      call.end();
    }
  }

  /** Counting a word needs the same key and model as answering, and costs nothing. */
  override async check(signal: AbortSignal): Promise<void> {
    await this.countTokens({ model: null, systemInstruction: null, history: [], prompt: 'Hello' }, signal);
  }

  private model({ model, systemInstruction }: ModelRequest): GenerativeModel {
    const baseUrl = this.config.GEMINI_BASE_URL?.replace(/\/+$/, '');
    return this.client.getGenerativeModel(
      { model: model ?? this.defaultModel, ...(systemInstruction === null ? {} : { systemInstruction }) },
      baseUrl === undefined ? {} : { baseUrl },
    );
  }
}

/** What a failure means. The SDK's messages quote what was sent and received, so none of them is passed on. */
function explain(error: unknown, call: ModelCall): unknown {
  if (call.abortedBy !== null) return call.abortedBy.reason;
  if (error instanceof ModelError) return error;
  if (error instanceof GoogleGenerativeAIFetchError && error.status !== undefined) {
    return errorOfStatus(error.status, error.errorDetails ?? []);
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
const SETTINGS = 'See GEMINI_API_KEY and GEMINI_MODEL.';

function errorOfStatus(status: number, details: ErrorDetail[]): ModelError {
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const failure = failureOf(status, reason);
  const hint =
    failure === 'misconfigured'
      ? status === 404
        ? `: no such model, or no such call at this address. ${SETTINGS}`
        : `: the API key is not accepted. ${SETTINGS}`
      : '';
  return new ModelError(
    failure,
    `HTTP ${status}${reason === undefined ? '' : ` ${reason}`}${hint}`,
    retryAfterMs(details),
  );
}

function failureOf(status: number, reason: string | undefined): ModelFailure {
  // A wrong key is a 400, as if the request were malformed.
  if (reason === 'API_KEY_INVALID' || status === 401 || status === 403 || status === 404) return 'misconfigured';
  if (status === 429) return 'rate_limited';
  return status === 408 || status >= 500 ? 'unavailable' : 'rejected';
}

/** `retryDelay` is a protobuf duration in JSON: seconds with an `s`. */
function retryAfterMs(details: ErrorDetail[]): number | null {
  const delay = details.find((detail) => detail['@type']?.endsWith('google.rpc.RetryInfo'))?.['retryDelay'];
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1_000) : null;
}

const contentsOf = ({ history, prompt }: ModelRequest): Content[] =>
  [...history, { role: 'user', text: prompt }].map(({ role, text }) => ({ role, parts: [{ text }] }));

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
    promptTokens: usageMetadata.promptTokenCount,
    cachedTokens: usageMetadata.cachedContentTokenCount ?? 0,
    thoughtTokens: (usageMetadata as { thoughtsTokenCount?: number }).thoughtsTokenCount ?? 0,
    replyTokens: usageMetadata.candidatesTokenCount ?? 0,
  };
}
