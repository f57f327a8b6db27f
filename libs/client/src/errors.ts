import type { components } from './openapi.js';
import type { FetchResponse } from './types.js';

type Responses = components['responses'];
type ProblemOf<Answer> = Answer extends { content: { 'application/problem+json': infer Problem } } ? Problem : never;
type Problem = { [Name in keyof Responses]: ProblemOf<Responses[Name]> }[keyof Responses];

/** The codes of the API, as its description lists them. A newer API may answer others: have a default branch. */
export type ApiErrorCode = NonNullable<Problem['code']>;

/**
 * What happened, for programs: the codes of the API, and the client's own. `connection`: the API can't be reached. `timeout`: what was
 * waited for didn't happen in time. `aborted`: your signal ended it. `unexpected_answer`: something other than the API answered, such as a proxy.
 */
export type ErrorCode = ApiErrorCode | 'connection' | 'timeout' | 'aborted' | 'unexpected_answer';

/** A value that was refused. */
export interface FieldError {
  /** A JSON pointer into what was sent, such as `/title`. */
  pointer: string;
  /** What is wrong with it, for people. */
  detail: string;
}

/** What is known of a failure besides its code. */
export interface ErrorFacts {
  status?: number;
  requestId?: string | null;
  retryAfter?: number | null;
  fields?: FieldError[];
  cause?: unknown;
}

/** Why a call failed. Everything that the client rejects with is one of these. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Quote it when you ask for help; null where there was no answer. */
  readonly requestId: string | null;
  /** Seconds to wait before the next try; null where the API doesn't say. */
  readonly retryAfter: number | null;
  /** With `validation_failed`: what is wrong, by JSON pointer; else empty. */
  readonly fields: FieldError[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    { status = 0, requestId = null, retryAfter = null, fields = [], cause }: ErrorFacts = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

/** Whether something that was caught is a `ChatError`, also one of another copy of this package. */
export const isChatError = (error: unknown): error is ChatError =>
  error instanceof Error && error.name === 'ChatError' && 'code' in error;

/** @param cause what `fetch` or the reading of a body has thrown */
export const connectionError = (cause?: unknown): ChatError =>
  new ChatError('connection', 'The API can not be reached', { cause });

export const abortedError = (): ChatError => new ChatError('aborted', 'The signal has ended it');

export const noSessionError = (): ChatError =>
  new ChatError('unauthenticated', 'No one is logged in, or the session has ended', { status: 401 });

/** Whatever was thrown, as a `ChatError`. */
export const toChatError = (error: unknown): ChatError => (isChatError(error) ? error : connectionError(error));

/** Whether the same request may succeed soon, without anything being changed. */
export const isTransient = ({ code, status }: ChatError): boolean =>
  code === 'connection' ||
  code === 'timeout' ||
  code === 'request_timeout' ||
  // Holds until the day is over.
  (status >= 500 && code !== 'capacity_reached');

/** The error that an answer tells of. @param text its body */
export function errorOf({ status, headers }: FetchResponse, text: string): ChatError {
  const problem = parsed(text);
  const code = typeof problem.code === 'string' ? (problem.code as ErrorCode) : 'unexpected_answer';
  return new ChatError(code, problem.detail ?? `The answer was ${status}`, {
    status,
    requestId: headers.get('x-request-id'),
    retryAfter: secondsOf(headers.get('retry-after')),
    fields: problem.errors ?? [],
  });
}

function parsed(text: string): { code?: unknown; detail?: string; errors?: FieldError[] } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}

/** @param header of `Retry-After`; proxies also send dates */
function secondsOf(header: string | null): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(0, Math.ceil(seconds));
}
