import {
  type GenerativeModel,
  GoogleGenerativeAI,
  GoogleGenerativeAIFetchError,
  type RequestOptions,
  type Tool,
} from '@google/generative-ai';
import { Injectable } from '@nestjs/common';
import type { ModelRequest } from '../model/language-model.port.js';
import type { Chunk } from './gemini-answer.js';
import { contentsOf, generationConfigOf, toolsOf } from './gemini-contents.js';
import type { GeminiError } from './gemini-errors.js';
import { GeminiConfig } from './gemini.config.js';
import { GeminiLanguageModel } from './gemini.language-model.js';
import { InlineFiles } from './inline-files.js';
import { fetchOver } from './kept-connection.fetch.js';
import type { ModelCall } from './model-call.js';

/** Gemini over `@google/generative-ai`, whose support ended in 2025 (docs/adr/0040). */
@Injectable()
export class GenerativeAiLanguageModel extends GeminiLanguageModel {
  private readonly client: GoogleGenerativeAI;
  private readonly requestOptions: RequestOptions;

  constructor(config: GeminiConfig) {
    super(config);
    this.client = new GoogleGenerativeAI(config.GEMINI_API_KEY ?? 'none');
    this.requestOptions = this.baseUrl === null ? {} : { baseUrl: this.baseUrl };
  }

  protected override async open(request: ModelRequest, call: ModelCall): Promise<AsyncIterator<Chunk>> {
    const files = new InlineFiles(call);
    const asked = {
      contents: contentsOf(request, files),
      generationConfig: generationConfigOf(request),
      // Its types know the search of an older generation alone.
      ...(toolsOf(request) as { tools?: Tool[] }),
    };
    const { stream, response } = await this.send(call, files, () => this.model(request).generateContentStream(asked));
    // The SDK reads everything twice. A failure of the copy is met in the stream; unhandled here, it would end the process.
    response.catch(() => undefined);
    return stream as AsyncIterator<unknown> as AsyncIterator<Chunk>;
  }

  protected override async count(request: ModelRequest, call: ModelCall): Promise<unknown> {
    const files = new InlineFiles(call);
    const asked = { contents: contentsOf(request, files) };
    return (await this.send(call, files, () => this.model(request).countTokens(asked))).totalTokens;
  }

  protected override answerIn(error: unknown): (GeminiError & { code: number }) | null {
    if (!(error instanceof GoogleGenerativeAIFetchError) || error.status === undefined) return null;
    // The SDK's message begins with the address, and then quotes the vendor's.
    const message = error.message.replace(/^.*?\] /s, '');
    return { code: error.status, message, details: error.errorDetails ?? [] };
  }

  private model({ model, systemInstruction }: ModelRequest): GenerativeModel {
    const instruction = systemInstruction === null ? {} : { systemInstruction: systemInstruction.toWellFormed() };
    return this.client.getGenerativeModel({ model, ...instruction }, this.requestOptions);
  }

  /**
   * Has the SDK send over kept connections. It takes the global `fetch` and no other, before its first `await`: the global is
   * another one for just so long, and nothing else ever sees it (docs/adr/0029).
   */
  private send<T>({ signal }: ModelCall, files: InlineFiles, request: () => Promise<T>): Promise<T> {
    const original = globalThis.fetch;
    globalThis.fetch = fetchOver(this.agent, signal, files) as unknown as typeof fetch;
    try {
      return request();
    } finally {
      globalThis.fetch = original;
    }
  }
}
