import type { Agent } from 'node:http';
import { keepAliveAgent } from '@app/platform';
import type { OnApplicationShutdown } from '@nestjs/common';
import {
  LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelPiece,
  type ModelRequest,
} from '../model/language-model.port.js';
import { type Chunk, type GeminiEnd, modelEnd, takeEnd, textOf, thoughtOf } from './gemini-answer.js';
import { errorInStream, errorOfStatus, type GeminiError } from './gemini-errors.js';
import { GeminiGrounding } from './grounding/gemini-grounding.js';
import type { GeminiConfig } from './gemini.config.js';
import { ModelCall } from './model-call.js';

/** So long that the regular check of the key, every 5 minutes at most, finds a connection and keeps it. The server may close it earlier. */
const KEPT_CONNECTIONS = { maxIdle: 100, idleMs: 6 * 60_000 };

/**
 * Gemini, whichever of Google's SDKs speaks with it: time limits, the end of an answer, and what errors mean. An SDK is a class
 * that sends a request and hands over what comes.
 */
export abstract class GeminiLanguageModel extends LanguageModel implements OnApplicationShutdown {
  /** Null: Google. */
  protected readonly baseUrl: string | null;
  protected readonly agent: Agent;

  constructor(private readonly config: GeminiConfig) {
    super();
    this.baseUrl = config.GEMINI_BASE_URL?.replace(/\/+$/, '') ?? null;
    this.agent = keepAliveAgent(this.baseUrl === null ? 'https:' : new URL(this.baseUrl).protocol, KEPT_CONNECTIONS);
  }

  onApplicationShutdown(): void {
    this.agent.destroy();
  }

  override async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelPiece, ModelEnd, void> {
    const call = new ModelCall(signal, this.config.GEMINI_CALL_TIMEOUT_MS);
    const grounding = new GeminiGrounding(request);
    const end: GeminiEnd = { finishReason: null, blockReason: null, modelVersion: null, usage: null, grounding };
    try {
      for await (const chunk of this.chunks(request, call)) {
        if (chunk.error !== undefined) throw errorInStream(chunk.error);
        const { usage } = end;
        takeEnd(end, chunk);
        const text = textOf(chunk);
        const thought = thoughtOf(chunk);
        if (text !== '' || thought !== '' || end.usage !== usage) yield { text, thought, usage: end.usage };
      }
      return modelEnd(end);
    } catch (error) {
      throw this.explain(error, call);
    } finally {
      call.end();
    }
  }

  private async *chunks(request: ModelRequest, call: ModelCall): AsyncGenerator<Chunk> {
    const { GEMINI_FIRST_BYTE_TIMEOUT_MS: first, GEMINI_IDLE_TIMEOUT_MS: idle } = this.config;
    const stream = await call.within(first, () => this.open(request, call));
    let timeoutMs = first;
    for (;;) {
      const next = await call
        .within(timeoutMs, () => stream.next())
        .catch((error: unknown) => {
          throw this.explainInStream(error);
        });
      if (next.done === true) return;
      yield next.value;
      timeoutMs = idle;
    }
  }

  override async countTokens(request: ModelRequest, signal: AbortSignal): Promise<number> {
    const { GEMINI_FIRST_BYTE_TIMEOUT_MS: first, GEMINI_CALL_TIMEOUT_MS: whole } = this.config;
    const call = new ModelCall(signal, whole);
    try {
      const tokens = await call.within(first, () => this.count(request, call));
      if (!Number.isInteger(tokens)) throw new ModelError('unavailable', 'The answer holds no count');
      return tokens as number;
    } catch (error) {
      throw this.explain(error, call);
    } finally {
      call.end();
    }
  }

  /** Counting a word needs the same key and model as answering, and costs nothing. */
  override async check(model: string, signal: AbortSignal): Promise<void> {
    const request = {
      model,
      systemInstruction: null,
      history: [],
      prompt: 'Hello',
      maxOutputTokens: 1,
      thinking: null,
      temperature: null,
      showThoughts: false,
      search: false,
      files: [],
    };
    await this.countTokens(request, signal);
  }

  /**
   * Sends a request, and hands over the responses as they come.
   *
   * @param call its signal closes the connection, also that of an answer under way
   */
  protected abstract open(request: ModelRequest, call: ModelCall): Promise<AsyncIterator<Chunk>>;

  /** The size of a request in tokens; not a number where the answer holds none. */
  protected abstract count(request: ModelRequest, call: ModelCall): Promise<unknown>;

  /** What an error of the SDK says that Gemini answered; null: it is about something else. */
  protected abstract answerIn(error: unknown): (GeminiError & { code: number }) | null;

  /** What a failure means. SDKs' messages quote what was sent and received, so none of them is passed on. */
  private explain(error: unknown, call: ModelCall): unknown {
    if (call.abortedBy !== null) return call.abortedBy.reason;
    if (error instanceof ModelError) return error;
    const answer = this.answerIn(error);
    if (answer !== null) return errorOfStatus(answer.code, answer.details ?? [], answer.message ?? '');
    return new ModelError('unavailable', 'The connection failed, or what came over it is no answer of Gemini');
  }

  private explainInStream(error: unknown): unknown {
    const answer = this.answerIn(error);
    return answer === null ? error : errorInStream(answer);
  }
}
