import { ModelError, type ModelFailure } from '../model/language-model.port.js';

/** An error of Gemini, as it stands in a body or in a stream (google.rpc.Status). */
export interface GeminiError {
  code?: number;
  message?: string;
  details?: ErrorDetail[];
}

/** An error after the answer had begun. Key, model and request have been accepted by then, so it may go well next time. */
export function errorInStream({ code = 500, details = [] }: GeminiError): ModelError {
  return new ModelError(
    code === 429 ? 'rate_limited' : 'unavailable',
    `HTTP ${code} mid-stream`,
    retryAfterMs(details),
  );
}

/** Google's `ErrorInfo` and `RetryInfo` (google/rpc/error_details.proto). */
export interface ErrorDetail {
  '@type'?: string;
  reason?: string;
  [field: string]: unknown;
}

/** Where an operator mends it. */
const SETTINGS = 'See GEMINI_API_KEY, GEMINI_MODEL and PLANS_FILE.';

/**
 * What Gemini says in a 400 with the status FAILED_PRECONDITION, which the SDK leaves out: the project may not use the API
 * from this region, or not without billing (ai.google.dev/gemini-api/docs/troubleshooting).
 */
const FAILED_PRECONDITION =
  /FAILED_PRECONDITION|location is not supported|not available in your (country|region)|billing/i;

/**
 * An error instead of an answer.
 *
 * @param said what the vendor says, which may quote what was sent; it is read and not passed on
 */
export function errorOfStatus(status: number, details: ErrorDetail[], said: string): ModelError {
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const hint = hintOf(status, reason, said);
  const message = `HTTP ${status}${reason === undefined ? '' : ` ${reason}`}${hint === null ? '' : `: ${hint}. ${SETTINGS}`}`;
  return new ModelError(failureOf(status, hint), message, retryAfterMs(details), true);
}

/** What an operator has to mend; null: nothing. */
function hintOf(status: number, reason: string | undefined, said: string): string | null {
  // A wrong key is a 400, as if the request were malformed.
  if (reason === 'API_KEY_INVALID' || status === 401 || status === 403) return 'the API key is not accepted';
  if (status >= 300 && status < 400) return 'GEMINI_BASE_URL redirects, which is not followed with a key';
  if (status === 402) return 'the project of the API key has to be paid for';
  if (status === 404) return 'no such model, or no such call at this address';
  const refused = status === 400 && FAILED_PRECONDITION.test(said);
  return refused ? 'the project of the API key may not use the API, because of its region or its billing' : null;
}

function failureOf(status: number, hint: string | null): ModelFailure {
  if (status === 404) return 'unknown_model';
  if (hint !== null) return 'misconfigured';
  if (status === 429) return 'rate_limited';
  return PASSING.has(status) || status >= 500 ? 'unavailable' : 'rejected';
}

/** Request timeout, ABORTED, CANCELLED: the same request may go well next time. */
const PASSING = new Set([408, 409, 499]);

/** `retryDelay` is a protobuf duration in JSON: seconds with an `s`. */
function retryAfterMs(details: ErrorDetail[]): number | null {
  const delay = details.find((detail) => detail['@type']?.endsWith('google.rpc.RetryInfo'))?.['retryDelay'];
  const seconds = typeof delay === 'string' ? Number.parseFloat(delay) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1_000) : null;
}
