/** What kind of problem an error is; the problem filter maps it to an HTTP status. */
export type ErrorCategory =
  | 'invalid' // 400
  | 'unauthenticated' // 401
  | 'forbidden' // 403
  | 'not_found' // 404
  | 'conflict' // 409
  | 'too_large' // 413
  | 'unsupported' // 415
  | 'unprocessable' // 422
  | 'limited' // 429
  | 'unavailable'; // 503

/** What an error may add to its answer. */
export interface DomainErrorOptions extends ErrorOptions {
  /** Response headers that belong to the problem, e.g. `Retry-After`. */
  headers?: Record<string, string>;
}

/**
 * A problem that a client can understand: a stable code, a category, and a sentence without private data.
 * Each lib declares its own in `*.errors.ts`; transport is the filter's business.
 */
export class DomainError extends Error {
  readonly headers: Record<string, string>;

  /**
   * @param code stable, snake_case, part of the public contract
   * @param category decides the HTTP status
   * @param detail one sentence for people; no phone number, token, prompt or key
   */
  constructor(
    readonly code: string,
    readonly category: ErrorCategory,
    readonly detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(detail, options);
    this.name = 'DomainError';
    this.headers = options.headers ?? {};
  }
}
