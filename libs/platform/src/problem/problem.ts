import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { isOutage } from './outage.js';
import { DomainError, type ErrorCategory } from './domain-error.js';
import { problemTitleOf, problemTypeOf } from './problem-type.js';
import { RefusedRequestError } from './refused-request.errors.js';
import { type FieldError, ValidationFailedError } from './validation.errors.js';

/** What goes wrong, as a client is told it: the part of a problem that doesn't depend on the request. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  headers: Record<string, string>;
  errors?: FieldError[];
}

const STATUS_OF: Record<ErrorCategory, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported: 415,
  unprocessable: 422,
  limited: 429,
  unavailable: 503,
};

/** Seconds that a client should wait when no better value is known. */
const RETRY_AFTER = '5';

/** Fixed sentences: a framework's own message may quote the request. */
const DETAIL_OF: Record<number, string> = {
  400: 'The request cannot be understood.',
  401: 'A valid access token is needed.',
  403: 'This is not allowed.',
  404: 'There is nothing here.',
  405: 'This method is not possible here; see the Allow header.',
  408: 'The request took too long to arrive.',
  413: 'The body is too large.',
  414: 'The address is too long.',
  415: 'The body must be application/json.',
  417: 'The Expect header may only say 100-continue.',
  429: 'Too many requests; see the Retry-After header.',
  431: 'The headers are too large.',
  500: 'Something went wrong on our side.',
  503: 'The service cannot answer right now; try again soon.',
};

/** Where the code of a status isn't simply its name. */
const CODE_OF: Record<number, string> = {
  401: 'unauthenticated',
  429: 'rate_limited',
  500: 'internal_error',
};

/** Tells any thrown value as a problem. What is not meant for clients becomes a 500 without internals. */
export function toProblem(error: unknown): Problem {
  if (error instanceof DomainError) return problemOfDomainError(error);
  if (error instanceof RefusedRequestError) return problemOfRefusal(error);
  if (isOutage(error)) return problemOfStatus(503);
  return problemOfStatus(httpStatusOf(error) ?? 500);
}

function problemOfDomainError(error: DomainError): Problem {
  const status = STATUS_OF[error.category];
  return {
    status,
    code: error.code,
    detail: error.detail,
    headers: { ...headersOf(status), ...error.headers },
    ...(error instanceof ValidationFailedError ? { errors: error.errors } : {}),
  };
}

function problemOfRefusal({ status, options: { detail, headers } }: RefusedRequestError): Problem {
  const problem = problemOfStatus(status, headers);
  return { ...problem, detail: detail ?? problem.detail };
}

/** The problem that says no more than its status. */
export function problemOfStatus(status: number, headers: Record<string, string> = {}): Problem {
  return {
    status,
    code:
      CODE_OF[status] ??
      titleOf(status)
        .toLowerCase()
        .replace(/[^a-z]+/g, '_'),
    detail: DETAIL_OF[status] ?? titleOf(status),
    headers: { ...headersOf(status), ...headers },
  };
}

/** The name of a status. */
const titleOf = (status: number): string => STATUS_CODES[status] ?? 'Error';

/** The body of a problem, RFC 9457. */
export function problemBody(problem: Problem, request: { instance: string; requestId: string }): object {
  const { status, code, detail, errors } = problem;
  return {
    type: problemTypeOf(code),
    title: problemTitleOf(code),
    status,
    detail,
    instance: request.instance,
    code,
    requestId: request.requestId,
    ...(errors === undefined ? {} : { errors }),
  };
}

function headersOf(status: number): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  if (status === 503) return { 'Retry-After': RETRY_AFTER };
  return {};
}

/** The client's fault as Nest or Fastify classified it; undefined for faults of ours. */
function httpStatusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
