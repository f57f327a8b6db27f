import { ApiError, type GenerateContentConfig, GoogleGenAI } from '@google/genai';
import { Injectable } from '@nestjs/common';
import type { ModelRequest } from '../model/language-model.port.js';
import type { Chunk } from './gemini-answer.js';
import { type Content, contentsOf, generationConfigOf, toolsOf } from './gemini-contents.js';
import { errorOfStatus, type GeminiError } from './gemini-errors.js';
import { GeminiConfig } from './gemini.config.js';
import { GeminiLanguageModel } from './gemini.language-model.js';
import { InlineFiles } from './inline-files.js';
import { fetchOver } from './kept-connection.fetch.js';
import type { ModelCall } from './model-call.js';

/** Gemini over `@google/genai`, the SDK that Google maintains (docs/adr/0040). It repeats nothing by itself unless it is told to. */
@Injectable()
export class GenaiLanguageModel extends GeminiLanguageModel {
  private readonly client: GoogleGenAI;

  constructor(config: GeminiConfig) {
    super(config);
    this.client = new GoogleGenAI({
      apiKey: config.GEMINI_API_KEY ?? 'none',
      vertexai: false,
      // The version that the other SDK speaks, which stand-ins and proxies know.
      apiVersion: 'v1beta',
      httpOptions: this.baseUrl === null ? {} : { baseUrl: this.baseUrl },
    });
  }

  protected override async open(request: ModelRequest, call: ModelCall): Promise<AsyncIterator<Chunk>> {
    const { model, systemInstruction } = request;
    const files = new InlineFiles(call);
    const instruction = systemInstruction === null ? {} : { systemInstruction: systemInstruction.toWellFormed() };
    const stream = await this.client.models.generateContentStream({
      model,
      contents: contentsOf(request, files),
      config: {
        ...instruction,
        ...(generationConfigOf(request) as GenerateContentConfig),
        ...toolsOf(request),
        ...this.over(call, files),
      },
    });
    return stream as AsyncIterator<Chunk>;
  }

  /** The SDK counts no system instructions for this API, so it is counted as if the user had said it first. */
  protected override async count(request: ModelRequest, call: ModelCall): Promise<unknown> {
    const { model, systemInstruction } = request;
    const files = new InlineFiles(call);
    const said: Content[] =
      systemInstruction === null ? [] : [{ role: 'user', parts: [{ text: systemInstruction.toWellFormed() }] }];
    const contents = [...said, ...contentsOf(request, files)];
    return (await this.client.models.countTokens({ model, contents, config: this.over(call, files) })).totalTokens;
  }

  protected override answerIn(error: unknown): (GeminiError & { code: number }) | null {
    if (!(error instanceof ApiError)) return null;
    return { ...bodyIn(error.message), code: error.status };
  }

  /** Has the SDK send over kept connections (docs/adr/0029). Of a redirection it would tell no status. */
  private over({ signal }: ModelCall, files: InlineFiles) {
    const send = fetchOver(this.agent, signal, files);
    const sendOnce = async (...request: Parameters<typeof send>) => {
      const answer = await send(...request);
      if (answer.status >= 300 && answer.status < 400) throw errorOfStatus(answer.status, [], '');
      return answer;
    };
    return { httpOptions: { fetch: sendOnce as unknown as typeof fetch } };
  }
}

/** The body of an error, which the SDK's message ends with. */
function bodyIn(message: string): GeminiError {
  try {
    const { error } = JSON.parse(message.slice(message.indexOf('{'))) as { error?: GeminiError };
    return error ?? {};
  } catch {
    return {};
  }
}
