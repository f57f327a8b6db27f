import type { ServerResponse } from 'node:http';
import { beginSpan, type TracingConfig } from '@app/platform';
import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';

/** From here on a status is the server's fault. */
const SERVER_FAULT = 500;

/**
 * Begins the span of a request, by OpenTelemetry's conventions for HTTP; null while traces are not exported. The route stands for the
 * path, and the query is left out: it may be what someone searches for.
 *
 * @param follows whether the client's `traceparent` is followed, instead of being linked to
 */
export function beginRequestSpan(
  request: FastifyRequest,
  { TRACEPARENT_FROM_CLIENTS: follows }: TracingConfig,
): Span | null {
  const { method } = request;
  const route = request.routeOptions.url;
  const given = request.headers['traceparent'];
  const traceParent = typeof given === 'string' ? given : null;
  return beginSpan(route === undefined ? method : `${method} ${route}`, {
    kind: SpanKind.SERVER,
    parent: follows ? traceParent : null,
    links: follows ? [] : [traceParent],
    attributes: {
      'http.request.method': method,
      'url.scheme': request.protocol,
      'app.request.id': request.id,
      ...(route === undefined ? {} : { 'http.route': route }),
    },
  });
}

/** Ends the span of a request whose response is over. */
export function endRequestSpan(
  span: Span,
  { statusCode, writableFinished }: ServerResponse,
  userId: string | undefined,
): void {
  span.setAttribute('http.response.status_code', statusCode);
  if (userId !== undefined) span.setAttribute('user.id', userId);
  if (statusCode >= SERVER_FAULT) {
    span.setAttribute('error.type', String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  } else if (!writableFinished) {
    span.setAttribute('app.response.aborted', true);
  }
  span.end();
}
