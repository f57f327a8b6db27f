import { ChatroomTitleStore } from '@app/chatroom';
import { ModelCallService, type Plan } from '@app/subscription';
import { Injectable, Logger } from '@nestjs/common';
import { tracedAnswer } from '../model/gen-ai.span.js';
import { LanguageModel, ModelError, type ModelRequest } from '../model/language-model.port.js';
import { ModelAvailabilityService } from '../model/model-availability.service.js';
import { estimateTokens, ModelCallUsage } from '../model/model-call-usage.js';
import { ModelMetrics } from '../model/model.metrics.js';
import { excerpt, tidyTitle } from './title.js';

const TIMEOUT_MS = 15_000;

/** How much of question and answer the model is shown, and how much of a title is read, in characters. */
const EXCERPT_LENGTH = 1_000;

/** A name takes a dozen tokens; the rest is for what a model thinks before it. */
const MAX_OUTPUT_TOKENS = 1_024;

/** The instruction under which the model names a conversation. */
const INSTRUCTION = 'Name this conversation in at most six words, in its own language. Answer with the name alone.';

/** A room whose first question has been answered. */
export interface UnnamedChatroom {
  chatroomId: string;
  userId: string;
  /** The question; may be blank, where it has files. */
  prompt: string;
  /** The owner's plan, whose default model names the room. */
  plan: Plan;
}

/** Names rooms that were created without a title, from their first exchange. Costs no quota and may fail without harm. */
@Injectable()
export class ChatroomNamingService {
  private readonly logger = new Logger(ChatroomNamingService.name);

  constructor(
    private readonly model: LanguageModel,
    private readonly availability: ModelAvailabilityService,
    private readonly calls: ModelCallService,
    private readonly titles: ChatroomTitleStore,
    private readonly metrics: ModelMetrics,
  ) {}

  /** Names the room in the background. Should the model give no name, the first words of the question serve, or of the answer. */
  name(room: UnnamedChatroom, answer: string): void {
    const request = requestFor(room, answer);
    this.ask(room, request)
      .catch(() => '')
      .then(async (title) => {
        const name = tidyTitle(title) || tidyTitle(room.prompt) || tidyTitle(answer);
        if (name !== '') await this.titles.setFirst(room.chatroomId, name);
      })
      .catch((error: unknown) => this.logger.warn(`A room could not be named: ${(error as Error).message}`));
  }

  /** What the model says; empty while it is paused. What the call used is recorded, also where it fails. */
  private async ask({ userId, chatroomId }: UnnamedChatroom, request: ModelRequest): Promise<string> {
    const { model } = request;
    if (await this.availability.isPaused(model)) return '';
    const usage = new ModelCallUsage(model, estimateTokens(INSTRUCTION) + estimateTokens(request.prompt));
    const call = { userId, model, purpose: 'title', promptTokens: usage.promptEstimate } as const;
    const callId = await this.calls.begin(call);
    if (callId === null) return '';
    try {
      return await this.read(chatroomId, request, usage);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.metrics.failed(model, error.failure);
      if (error.isRefusal) usage.refused();
      if (error.failure === 'rate_limited') await this.availability.rateLimited(model, error.retryAfterMs);
      return '';
    } finally {
      await this.calls.settle(callId, usage.isEstimate ? null : usage.tokens);
    }
  }

  private async read(chatroomId: string, request: ModelRequest, usage: ModelCallUsage): Promise<string> {
    let title = '';
    for await (const piece of tracedAnswer(this.model, request, AbortSignal.timeout(TIMEOUT_MS), chatroomId)) {
      usage.take(piece);
      title += piece.text;
      if (title.length > EXCERPT_LENGTH) break;
    }
    return title;
  }
}

function requestFor({ prompt: question, plan }: UnnamedChatroom, answer: string): ModelRequest {
  const asked = question.trim() === '' ? '' : `User: ${excerpt(question, EXCERPT_LENGTH)}\n\n`;
  return {
    model: plan.defaultModel,
    systemInstruction: INSTRUCTION,
    history: [],
    prompt: `${asked}Assistant: ${excerpt(answer, EXCERPT_LENGTH)}`,
    maxOutputTokens: MAX_OUTPUT_TOKENS,
    thinking: null,
    temperature: null,
    showThoughts: false,
    search: false,
    files: [],
  };
}
