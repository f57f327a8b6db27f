import { beginSpan, failSpan, tracedStep, withinSpan } from '@app/platform';
import { type Attributes, type Span, SpanKind } from '@opentelemetry/api';
import {
  type LanguageModel,
  type ModelEnd,
  ModelError,
  type ModelPiece,
  type ModelRequest,
  type ModelUsage,
} from './language-model.port.js';

/**
 * Calls of models as spans, by OpenTelemetry's conventions for generative AI (opentelemetry.io/docs/specs/semconv/gen-ai), which are in
 * development: all of their names are here. What is said to a model, and what it says, is never among them.
 */
const PROVIDER = { 'gen_ai.provider.name': 'gcp.gemini' };

/** The event of a span at the first text. */
const FIRST_TOKEN = 'gen_ai.first_token';

const MS_PER_S = 1_000;

/**
 * An answer of the model, as `LanguageModel.stream` gives it, in a span that ends with it.
 *
 * @param conversationId the room
 */
export function tracedAnswer(
  model: LanguageModel,
  request: ModelRequest,
  signal: AbortSignal,
  conversationId: string,
): AsyncGenerator<ModelPiece, ModelEnd, void> {
  const span = beginSpan(`chat ${request.model}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      ...PROVIDER,
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': request.model,
      'gen_ai.request.max_tokens': request.maxOutputTokens,
      'gen_ai.request.stream': true,
      'gen_ai.conversation.id': conversationId,
    },
  });
  const answer = withinSpan(span, () => model.stream(request, signal));
  return span === null ? answer : told(answer, span);
}

/** The size of a request, as `LanguageModel.countTokens` gives it, in a span of its own. */
export function tracedCount(model: LanguageModel, request: ModelRequest, signal: AbortSignal): Promise<number> {
  const attributes = { ...PROVIDER, 'gen_ai.operation.name': 'count_tokens', 'gen_ai.request.model': request.model };
  return tracedStep(`count_tokens ${request.model}`, { kind: SpanKind.CLIENT, attributes }, () =>
    model.countTokens(request, signal),
  );
}

/** Tells a span of an answer while it passes through. */
async function* told(
  answer: AsyncGenerator<ModelPiece, ModelEnd, void>,
  span: Span,
): AsyncGenerator<ModelPiece, ModelEnd, void> {
  const begun = performance.now();
  let isFirst = true;
  let used: ModelUsage | null = null;
  try {
    let next = await answer.next();
    for (; next.done !== true; next = await answer.next()) {
      used = next.value.usage ?? used;
      if (isFirst && next.value.text !== '') {
        isFirst = false;
        span.addEvent(FIRST_TOKEN);
        span.setAttribute('gen_ai.response.time_to_first_chunk', (performance.now() - begun) / MS_PER_S);
      }
      yield next.value;
    }
    const { usage, finishReason, modelVersion, outcome } = next.value;
    used = usage ?? used;
    if (finishReason !== null) span.setAttribute('gen_ai.response.finish_reasons', [finishReason]);
    if (modelVersion !== null) span.setAttribute('gen_ai.response.model', modelVersion);
    span.setAttribute('app.model.outcome', outcome);
    return next.value;
  } catch (error) {
    failSpan(span, reasonOf(error));
    throw error;
  } finally {
    if (used !== null) span.setAttributes(usageAttributes(used));
    span.end();
    // Where the reader went away before the end, the call is closed here.
    await answer.return(undefined as never);
  }
}

/** The conventions count what was cached among the input, and thoughts among the output. */
const usageAttributes = ({ promptTokens, cachedTokens, thoughtTokens, replyTokens }: ModelUsage): Attributes => ({
  'gen_ai.usage.input_tokens': promptTokens,
  'gen_ai.usage.cache_read.input_tokens': cachedTokens,
  'gen_ai.usage.output_tokens': replyTokens + thoughtTokens,
  'gen_ai.usage.reasoning.output_tokens': thoughtTokens,
});

/** An aborted call throws the reason of its signal, which may be a word; a failed one says which failure it was. */
function reasonOf(error: unknown): { code: string } {
  if (!(error instanceof Error)) return { code: String(error) };
  return { code: error instanceof ModelError ? error.failure : error.name };
}
