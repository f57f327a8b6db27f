import type { Behaviour, BehaviourType } from './gemini.behaviour.js';
import type { GeminiCall } from './gemini.call.js';
import { echo, essay, groundingOf, isNaming, thoughtsOn, titleOf } from './gemini.text.js';
import {
  errorOfStatus,
  type Framing,
  type GenerateContentResponse,
  type GoogleError,
  type GroundingMetadata,
  invalidKeyError,
  type Part,
  preconditionError,
  promptTokensOf,
  quotaError,
  textOf,
  toJson,
  tokensOf,
  type UsageMetadata,
} from './gemini.wire.js';

/** One step of an answer on a connection. */
export type Step =
  | { do: 'wait'; ms: number }
  | { do: 'head'; status: number; contentType: string }
  /** `piece`: whether these bytes contain text of the answer. `usage`, `searches`: what they tell of it. */
  | { do: 'write'; bytes: Buffer; piece: boolean; usage?: UsageMetadata; searches?: number }
  | { do: 'end' }
  /** Sends nothing more, until the client closes the connection. */
  | { do: 'hang' }
  /** A TCP reset. */
  | { do: 'reset' };

const JSON_TYPE = 'application/json; charset=UTF-8';

/** Long enough for written bytes to arrive as a separate network chunk. */
const SETTLE_MS = 15;

/** One error, as a whole response. */
export function* planError(error: GoogleError): Generator<Step> {
  yield { do: 'head', status: error.code, contentType: JSON_TYPE };
  yield { do: 'write', bytes: Buffer.from(JSON.stringify(error, null, 2)), piece: false };
  yield { do: 'end' };
}

/** One JSON body, as a whole response, unless the behaviour is an error, a hang or a reset. */
export function* planJson(body: object, behaviour: Behaviour): Generator<Step> {
  if (yield* planFailureAtOnce(behaviour)) return;
  const bytes = Buffer.from(JSON.stringify(body));
  yield { do: 'head', status: 200, contentType: JSON_TYPE };
  yield { do: 'write', bytes: behaviour.type === 'malformed' ? bytes.subarray(1) : bytes, piece: false };
  yield { do: 'end' };
}

/**
 * All steps of the answer to one generating call.
 * @param framing how a streamed answer is written; null: the answer is one body
 * @param pace pieces of text per second where the behaviour says nothing; 0: all at once
 */
export function* planAnswer(
  call: GeminiCall,
  behaviour: Behaviour,
  framing: Framing | null,
  pace = 0,
): Generator<Step> {
  if (yield* planFailureAtOnce(behaviour)) return;
  const answer = answerOf(call, behaviour, pace);
  const ownPace = behaviour.tokensPerSecond ?? (isNaming(call) ? 0 : pace);
  yield* framing === null ? planBody(answer, behaviour) : planStream(answer, behaviour, framing, ownPace);
}

/** The latency and failures before an answer. @returns whether there is no answer after them */
function* planFailureAtOnce(behaviour: Behaviour): Generator<Step, boolean> {
  if (behaviour.latencyMs > 0) yield { do: 'wait', ms: behaviour.latencyMs };
  const error = errorAtOnce(behaviour);
  if (error !== null) yield* planError(error);
  else if (behaviour.type === 'hang' || behaviour.type === 'reset') yield { do: behaviour.type };
  else return false;
  return true;
}

function errorAtOnce({ type, retryAfterMs }: Behaviour): GoogleError | null {
  if (type === 'invalid_key') return invalidKeyError();
  if (type === 'precondition') return preconditionError();
  if (type === '429') return quotaError(retryAfterMs);
  return /^\d+$/.test(type) ? errorOfStatus(Number(type)) : null;
}

/** The answer to one call, before it is framed for the wire. */
interface Answer {
  /** The answer's pieces, and thoughts before or between them. */
  parts: Part[];
  /** Null: it is not sent. */
  finishReason: string | null;
  /** Whether the finish reason is sent in a response of its own, without content. */
  bareFinish: boolean;
  blockReason: string | null;
  promptTokenCount: number;
  cachedTokens: number;
  /** Thought before the first piece of text. */
  thoughtTokens: number;
  /** Told with the end; null: the model didn't search. */
  grounding: GroundingMetadata | null;
  call: GeminiCall;
}

function answerOf(call: GeminiCall, behaviour: Behaviour, pace: number): Answer {
  const { type, afterChunks } = behaviour;
  const whole = textFor(call, behaviour, pace);
  const thoughts = thoughtsFor(call, behaviour);
  const thoughtTokens = Math.min(behaviour.thoughtTokens ?? tokensOf(thoughts), cap(call));
  const said = clipToTokens(whole, cap(call) - thoughtTokens);
  const pieces = piecesOf(said, behaviour.chunkSize).map((text) => ({ text }));
  const thought = sentencesOf(thoughts).map((text) => ({ text, thought: true }));
  const end = said === whole ? 'STOP' : 'MAX_TOKENS';
  const parts = behaviour.thoughtsBetween ? byTurns(thought, pieces) : [...thought, ...pieces];
  const promptTokenCount = promptTokensOf(call.contents, call.systemInstruction);
  const answer: Answer = {
    parts: parts.slice(0, afterChunks),
    finishReason: null,
    bareFinish: false,
    blockReason: null,
    promptTokenCount,
    cachedTokens: Math.min(behaviour.cachedTokens, promptTokenCount),
    thoughtTokens,
    grounding: null,
    call,
  };
  switch (type) {
    case 'safety':
    case 'recitation':
      return { ...answer, finishReason: type.toUpperCase(), bareFinish: true };
    case 'max_tokens':
      return { ...answer, finishReason: 'MAX_TOKENS' };
    case 'max_tokens_empty':
      return { ...answer, parts: [], finishReason: 'MAX_TOKENS' };
    case 'empty':
      return { ...answer, parts: [], finishReason: 'STOP' };
    case 'prompt_blocked':
      return { ...answer, parts: [], blockReason: behaviour.blockReason };
    case 'thoughts':
    case 'answer':
    case 'split_utf8': {
      const grounding = call.search && behaviour.searches > 0 ? groundingOf(call, said, behaviour.searches) : null;
      return { ...answer, parts, finishReason: end, grounding };
    }
    default:
      return answer;
  }
}

/** One of each, until one of them has no more. */
const byTurns = (first: Part[], second: Part[]): Part[] =>
  Array.from({ length: Math.max(first.length, second.length) }, (_, index) =>
    [first[index], second[index]].filter((part) => part !== undefined),
  ).flat();

/** The most tokens that the answer to a call may have, thoughts included. */
const cap = ({ generationConfig }: GeminiCall): number => generationConfig?.maxOutputTokens ?? Infinity;

/** The beginning of a text that has at most so many tokens. */
function clipToTokens(text: string, tokens: number): string {
  if (tokensOf(text) <= tokens) return text;
  let clipped = '';
  for (const character of text) {
    if (tokensOf(clipped + character) > tokens) break;
    clipped += character;
  }
  return clipped;
}

/** Empty: it doesn't think, or doesn't tell. */
function thoughtsFor(call: GeminiCall, { type, thoughts }: Behaviour): string {
  if (thoughts !== undefined) return thoughts;
  const isAsked = call.generationConfig?.thinkingConfig?.includeThoughts === true;
  if (isAsked) return thoughtsOn(call);
  return type === 'thoughts' ? 'Let me think.' : '';
}

function textFor(call: GeminiCall, { type, text }: Behaviour, pace: number): string {
  if (text !== undefined) return text;
  if (isNaming(call)) return titleOf(call);
  const answer = pace > 0 ? essay(call) : echo(call);
  return type === 'split_utf8' ? `${answer} Grüße, 世界! 👋🏽` : answer;
}

function piecesOf(text: string, size: number): string[] {
  const characters = [...text];
  const count = Math.ceil(characters.length / size);
  return Array.from({ length: count }, (_, index) => characters.slice(index * size, (index + 1) * size).join(''));
}

/** With the space after each. */
const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?]\s)/u).filter(Boolean);

function* planStream(answer: Answer, behaviour: Behaviour, framing: Framing, pace: number): Generator<Step> {
  const pauseMs = pace > 0 ? 1000 / pace : 0;
  yield { do: 'head', status: 200, contentType: framing.contentType };
  if (framing.open !== '') yield* write(framing.open);
  let index = 0;
  for (const response of responsesOf(answer)) {
    if (index > 0 && pauseMs > 0) yield { do: 'wait', ms: pauseMs };
    const piece = response.candidates?.[0]?.content?.parts !== undefined;
    const bytes = Buffer.from(framing.event(toJson(response), index++));
    const write = { do: 'write' as const, bytes, piece, ...toldIn(response) };
    yield* behaviour.type === 'split_utf8' ? split(write) : [write];
  }
  yield* streamEnd(behaviour, framing, index);
}

const MID_STREAM_FAILURES = new Set<BehaviourType>([
  'error_mid_stream',
  'error_event_mid_stream',
  'malformed',
  'reset_mid_stream',
]);

/** How a stream ends after its last piece. */
function* streamEnd({ type, status }: Behaviour, framing: Framing, index: number): Generator<Step> {
  // After a reset, and some also after an error, clients discard what they have received and not read yet.
  if (MID_STREAM_FAILURES.has(type)) yield { do: 'wait', ms: SETTLE_MS };
  switch (type) {
    case 'error_mid_stream':
      yield* write(JSON.stringify(errorOfStatus(status), null, 2));
      yield { do: 'end' };
      return;
    case 'error_event_mid_stream':
      yield* write(framing.event(toJson(errorOfStatus(status)), index));
      yield { do: 'end' };
      return;
    case 'malformed':
      yield* write(framing.event('{"candidates": [{"content": {"parts": [{"text": "bro', index));
      yield { do: 'end' };
      return;
    case 'hang_mid_stream':
      yield { do: 'hang' };
      return;
    case 'reset_mid_stream':
      yield { do: 'reset' };
      return;
    default:
      if (framing.close !== '') yield* write(framing.close);
      yield { do: 'end' };
      return;
  }
}

function* planBody(answer: Answer, behaviour: Behaviour): Generator<Step> {
  if (behaviour.type.startsWith('error_')) {
    yield* planError(errorOfStatus(behaviour.status));
    return;
  }
  const whole = wholeOf(answer);
  const bytes = Buffer.from(toJson(whole));
  const piece = answer.parts.length > 0;
  const write = { do: 'write' as const, bytes, piece, ...toldIn(whole) };
  yield { do: 'head', status: 200, contentType: JSON_TYPE };
  switch (behaviour.type) {
    case 'malformed':
      yield { do: 'write', bytes: bytes.subarray(0, bytes.length / 2), piece };
      yield { do: 'end' };
      return;
    case 'hang_mid_stream':
    case 'reset_mid_stream':
      yield { do: 'write', bytes: bytes.subarray(0, bytes.length / 2), piece };
      yield { do: 'wait', ms: SETTLE_MS };
      yield { do: behaviour.type === 'hang_mid_stream' ? 'hang' : 'reset' };
      return;
    case 'split_utf8':
      yield* split(write);
      yield { do: 'end' };
      return;
    default:
      yield write;
      yield { do: 'end' };
      return;
  }
}

/** The responses of a streamed call, in order. */
function* responsesOf(answer: Answer): Generator<GenerateContentResponse> {
  const { parts, finishReason, bareFinish } = answer;
  let said = '';
  for (const [index, part] of parts.entries()) {
    said += part.thought === true ? '' : (part.text ?? '');
    const isLast = index === parts.length - 1;
    yield response(answer, [part], isLast && !bareFinish ? finishReason : null, said);
  }
  if (answer.blockReason !== null || (finishReason !== null && (bareFinish || parts.length === 0))) {
    yield response(answer, [], finishReason, said);
  }
}

/** The one response of a call that isn't streamed. */
function wholeOf(answer: Answer): GenerateContentResponse {
  const thoughts = answer.parts.filter((part) => part.thought === true);
  const text = textOf({ parts: answer.parts });
  return response(answer, text === '' ? thoughts : [...thoughts, { text }], answer.finishReason, text);
}

function response(answer: Answer, parts: Part[], finishReason: string | null, said: string): GenerateContentResponse {
  const { call, blockReason, grounding } = answer;
  const usageMetadata = usageOf(answer, said);
  const rest = { usageMetadata, modelVersion: `${call.model}-sandbox`, responseId: `sandbox-${call.turns}` };
  if (blockReason !== null) return { promptFeedback: { blockReason }, ...rest };
  return {
    candidates: [
      {
        content: parts.length > 0 ? { parts, role: 'model' } : { role: 'model' },
        ...(finishReason === null ? {} : { finishReason }),
        ...(finishReason === null || grounding === null ? {} : { groundingMetadata: grounding }),
        index: 0,
      },
    ],
    ...rest,
  };
}

/** What a response tells of the call, for the journal. */
const toldIn = ({
  usageMetadata,
  candidates,
}: GenerateContentResponse): { usage: UsageMetadata; searches: number } => ({
  usage: usageMetadata,
  searches: candidates?.[0]?.groundingMetadata?.webSearchQueries.length ?? 0,
});

/** The tokens after this much of the answer; of a blocked prompt, the prompt's alone. */
function usageOf({ blockReason, promptTokenCount, cachedTokens, thoughtTokens }: Answer, said: string): UsageMetadata {
  const prompt = { promptTokenCount, ...(cachedTokens > 0 ? { cachedContentTokenCount: cachedTokens } : {}) };
  if (blockReason !== null) return { ...prompt, totalTokenCount: promptTokenCount };
  const candidatesTokenCount = tokensOf(said);
  return {
    ...prompt,
    ...(thoughtTokens > 0 ? { thoughtsTokenCount: thoughtTokens } : {}),
    candidatesTokenCount,
    totalTokenCount: promptTokenCount + thoughtTokens + candidatesTokenCount,
  };
}

function* write(text: string): Generator<Step> {
  yield { do: 'write', bytes: Buffer.from(text), piece: false };
}

/** Two network chunks, the first of which ends inside the first multi-byte character. */
function* split({ bytes, ...rest }: Step & { do: 'write' }): Generator<Step> {
  const lead = bytes.findIndex((byte) => byte > 0x7f);
  if (lead >= 0) {
    yield { do: 'write', bytes: bytes.subarray(0, lead + 1), piece: false };
    yield { do: 'wait', ms: SETTLE_MS };
  }
  yield { bytes: bytes.subarray(lead + 1), ...rest };
}
