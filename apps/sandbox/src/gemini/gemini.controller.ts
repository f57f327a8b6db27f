import { Controller, Get, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GeminiSandboxConfig } from './gemini-sandbox.config.js';
import { Behaviour } from './gemini.behaviour.js';
import { type GeminiCall, type Method, METHODS, NO_CONVERSATION, readConversation } from './gemini.call.js';
import { GeminiJournal } from './gemini.journal.js';
import { planAnswer, planError, planJson, type Step } from './gemini.plan.js';
import { play } from './gemini.player.js';
import { GeminiScript } from './gemini.script.js';
import {
  ARRAY_FRAMING,
  type Framing,
  errorOfStatus,
  missingKeyError,
  modelExists,
  modelList,
  modelResource,
  promptTokensOf,
  SSE_FRAMING,
  unknownModelError,
} from './gemini.wire.js';
import { GoogleErrorFilter } from './google-error.filter.js';

type GeminiRequest = FastifyRequest<{ Querystring: { key?: string; alt?: string } }>;

/** The routes of Google's API. */
@Controller('v1beta/models')
@UseFilters(GoogleErrorFilter)
export class GeminiController {
  constructor(
    private readonly script: GeminiScript,
    private readonly journal: GeminiJournal,
    private readonly config: GeminiSandboxConfig,
  ) {}

  @Get()
  list(@Req() request: GeminiRequest): object {
    apiKeyOf(request);
    return modelList();
  }

  @Get(':model')
  async getModel(@Param('model') model: string, @Req() request: GeminiRequest, @Res() reply: FastifyReply) {
    await this.answer({ method: 'getModel', model, apiKey: apiKeyOf(request), ...NO_CONVERSATION }, null, reply);
  }

  /** @param target `MODEL:METHOD` */
  @Post(':target')
  async call(@Param('target') target: string, @Req() request: GeminiRequest, @Res() reply: FastifyReply) {
    const apiKey = apiKeyOf(request);
    const [, model = '', word = ''] = /^(.*):(\w+)$/.exec(target) ?? [];
    const method = METHODS.find((known) => known === word);
    if (method === undefined || method === 'getModel') throw errorOfStatus(404);
    const call = { method, model, apiKey, ...readConversation(request.body) };
    await this.answer(call, framingOf(method, request.query.alt), reply);
  }

  private async answer(call: GeminiCall, framing: Framing | null, reply: FastifyReply): Promise<void> {
    const known = modelExists(call.model);
    const { behaviour, ruleId } = known ? this.script.next(call) : { behaviour: new Behaviour(), ruleId: null };
    const entry = this.journal.open(call, known ? behaviour.type : '404', ruleId);
    reply.hijack();
    const steps = known ? this.plan(call, behaviour, framing) : planError(unknownModelError(call.model));
    await play(steps, reply.raw, entry);
  }

  private plan(call: GeminiCall, behaviour: Behaviour, framing: Framing | null): Iterable<Step> {
    if (call.method === 'getModel') return planJson(modelResource(call.model), behaviour);
    if (call.method === 'countTokens') return planCount(call, behaviour);
    return planAnswer(call, behaviour, framing, this.config.tokensPerSecond);
  }
}

function planCount(call: GeminiCall, behaviour: Behaviour): Iterable<Step> {
  return planJson({ totalTokens: promptTokensOf(call.contents, call.systemInstruction) }, behaviour);
}

function framingOf(method: Method, alt: string | undefined): Framing | null {
  if (method !== 'streamGenerateContent') return null;
  return alt === 'sse' ? SSE_FRAMING : ARRAY_FRAMING;
}

/** @throws GoogleError 403 without a key; every key is accepted */
function apiKeyOf(request: GeminiRequest): string {
  const header = request.headers['x-goog-api-key'];
  const key = typeof header === 'string' && header !== '' ? header : request.query.key;
  if (!key) throw missingKeyError();
  return key;
}
