/** What happened, for programs: the codes of the API, and `connection`, `timeout` and `aborted`, which are the client's own. */
export type ErrorCode = 'connection' | 'timeout' | 'aborted' | (string & {});

/** Why a call failed. */
export class ChatError extends Error {
  override readonly name = 'ChatError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The HTTP status; 0 where there was no answer. */
    readonly status: number,
    /** Quote it when you ask for help; null where there was no answer. */
    readonly requestId: string | null,
    /** Seconds to wait before the next try; null where the API doesn't say. */
    readonly retryAfter: number | null,
    /** With `validation_failed`: what is wrong, by JSON pointer. */
    readonly fields: { pointer: string; detail: string }[],
  ) {
    super(message);
  }
}

export const isChatError = (error: unknown): error is ChatError => error instanceof ChatError;
