import {
  type Content,
  type EnhancedGenerateContentResponse,
  type GenerativeModel,
  GoogleGenerativeAI,
  GoogleGenerativeAIFetchError,
  type Part,
} from '@google/generative-ai';
import { Injectable } from '@nestjs/common';
import { GeminiConfig } from './gemini.config.js';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelFailure,
  type ModelRequest,
} from './language-model.port.js';

/** What the wire holds beyond the SDK's types: newer fields, and errors in the middle of a stream. */
type Chunk = Partial<EnhancedGenerateContentResponse> & {
  modelVersion?: string;
  error?: { code?: number; status?: string };
};

/** Gemini over Google's SDK, whose support has ended: its successor means another file like this one. */
@Injectable()
export class GeminiLanguageModel extends LanguageModel {
  private readonly client: GoogleGenerativeAI;

  constructor(private readonly config: GeminiConfig) {
    super();
    this.client = new GoogleGenerativeAI(config.GEMINI_API_KEY);
  }

  override async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<string, ModelEnd, void> {
    const call = new Call(signal, this.config.GEMINI_TIMEOUT_MS);
    const end: ModelEnd = { finishReason: null, blockReason: null, modelVersion: null, usage: null };
    try {
      const options = { signal: call.signal };
      const { stream, response } = await this.model(request).generateContentStream(
        { contents: contentsOf(request) },
        options,
      );
      // The SDK reads everything twice; a failure of the copy is the stream's failure too, and is met there.
      response.catch(() => undefined);
      for await (const chunk of stream as AsyncGenerator<Chunk>) {
        call.signOfLife();
        if (chunk.error !== undefined) throw errorOfStatus(chunk.error.code ?? 500, []);
        takeEnd(end, chunk);
        const text = textOf(chunk);
        if (text !== '') yield text;
      }
      return end;
    } catch (error) {
      throw call.explain(error);
    } finally {
      call.end();
    }
  }

  override async countTokens(request: ModelRequest, signal: AbortSignal): Promise<number> {
    const call = new Call(signal, this.config.GEMINI_TIMEOUT_MS);
    try {
      const model = this.model(request);
      const { totalTokens } = await model.countTokens({ contents: contentsOf(request) }, { signal: call.signal });
      return totalTokens;
    } catch (error) {
      throw call.explain(error);
    } finally {
      call.end();
    }
  }

  /** Counting a word needs the same key and model as answering, and costs nothing. */
  override async check(model: string, signal: AbortSignal): Promise<void> {
    await this.countTokens({ model, systemInstruction: null, history: [], prompt: 'Hello' }, signal);
  }

  private model({ model, systemInstruction }: ModelRequest): GenerativeModel {
    const baseUrl = this.config.GEMINI_BASE_URL?.replace(/\/+$/, '');
    return this.client.getGenerativeModel(
      { model, ...(systemInstruction === null ? {} : { systemInstruction }) },
      baseUrl === undefined ? {} : { baseUrl },
    );
  }
}

/** One request: aborted from outside, by silence, or when nobody reads it any more. */
class Call {
  private readonly controller = new AbortController();
  private readonly onAbort = (): void => this.controller.abort();
  private silent = false;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly outer: AbortSignal,
    private readonly timeoutMs: number,
  ) {
    outer.throwIfAborted();
    outer.addEventListener('abort', this.onAbort, { once: true });
    this.timer = this.watch();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  signOfLife(): void {
    this.timer.refresh();
  }

  /** Closes the connection if it is still open. */
  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.onAbort);
    this.controller.abort();
  }

  /** What a failure means. The SDK's messages quote what was sent and received, so none of them is passed on. */
  explain(error: unknown): unknown {
    if (this.outer.aborted) return this.outer.reason;
    if (error instanceof ModelError) return error;
    if (this.silent) return new ModelError('unavailable', `No sign of the model for ${this.timeoutMs} ms`);
    if (error instanceof GoogleGenerativeAIFetchError && error.status !== undefined) {
      return errorOfStatus(error.status, error.errorDetails ?? []);
    }
    return new ModelError('unavailable', 'The connection failed, or what came over it is no answer of Gemini');
  }

  private watch(): NodeJS.Timeout {
    return setTimeout(() => {
      this.silent = true;
      this.controller.abort();
    }, this.timeoutMs);
  }
}

/** Google's `ErrorInfo` and `RetryInfo` (google/rpc/error_details.proto). */
interface ErrorDetail {
  '@type'?: string;
  reason?: string;
  [field: string]: unknown;
}

function errorOfStatus(status: number, details: ErrorDetail[]): ModelError {
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const failure = failureOf(status, reason);
  const hint =
    failure === 'misconfigured' ? (status === 404 ? ': the model does not exist' : ': the key is not accepted') : '';
  return new ModelError(failure, `HTTP ${status}${hint}`, retryAfterMs(details));
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
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

const contentsOf = ({ history, prompt }: ModelRequest): Content[] =>
  [...history, { role: 'user', text: prompt }].map(({ role, text }) => ({ role, parts: [{ text }] }));

/** The visible text; thoughts are not meant for readers. */
const textOf = (chunk: Chunk): string =>
  (chunk.candidates?.[0]?.content?.parts ?? [])
    .filter((part: Part & { thought?: boolean }) => part.thought !== true)
    .map((part) => part.text ?? '')
    .join('');

function takeEnd(end: ModelEnd, { candidates, promptFeedback, modelVersion, usageMetadata }: Chunk): void {
  end.finishReason = candidates?.[0]?.finishReason ?? end.finishReason;
  end.blockReason = promptFeedback?.blockReason ?? end.blockReason;
  end.modelVersion = modelVersion ?? end.modelVersion;
  if (usageMetadata === undefined) return;
  end.usage = { promptTokens: usageMetadata.promptTokenCount, replyTokens: usageMetadata.candidatesTokenCount ?? 0 };
}
