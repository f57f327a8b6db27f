import type { IncomingMessage } from 'node:http';
import { Logger, NotFoundException } from '@nestjs/common';
import type { AddressHashService } from '@app/auth';
import {
  type AuditTrail,
  type Metrics,
  RequestContext,
  type RequestScope,
  type StreamMetrics,
  type TracingConfig,
  uuidv7,
  withinSpan,
} from '@app/platform';
import type { Span } from '@opentelemetry/api';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Histogram } from 'prom-client';
import { noteAnswer } from './broken-request.js';
import { beginRequestSpan, endRequestSpan } from './tracing/request-span.js';

/** What we take over from a client: short, and harmless in a log or a header. */
const SANE_REQUEST_ID = /^[\w.:=+/-]{1,128}$/;

/** Probes and scrapes come every few seconds: their lines are for debugging alone. */
const QUIET_ROUTES = new Set(['/health/live', '/health/ready']);

/** The client's `X-Request-Id` when it is a sane one, else a new id. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : uuidv7();
}

/**
 * Sets what every answer carries. None of it on the raw response: Node writes headers in a fraction of the time when it gets all
 * of them together.
 */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  // Everything here is somebody's own, or changes by the moment.
  void reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
}

/** Gives every request its id, context, access line and measurement. */
export function addRequestHooks(
  fastify: FastifyInstance,
  metrics: Metrics,
  {
    addresses,
    audit,
    streams,
    tracing,
  }: { addresses: AddressHashService; audit: AuditTrail; streams: StreamMetrics; tracing: TracingConfig },
): void {
  const observe = observer(metrics, streams, audit);
  const scopes = new WeakMap<FastifyRequest, { scope: RequestScope; span: Span | null }>();
  fastify.addHook('onRequest', (request, reply, done) => {
    noteAnswer(reply.raw);
    const scope = { requestId: request.id, addressHash: addresses.hash(request.ip) };
    const span = QUIET_ROUTES.has(request.routeOptions.url ?? '') ? null : beginRequestSpan(request, tracing);
    scopes.set(request, { scope, span });
    observe(request, reply, { scope, span });
    withinSpan(span, () => RequestContext.run(scope, done));
  });
  // An unknown path is a 404 whatever its body is like.
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    if (request.is404) done(new NotFoundException() as Error as FastifyError);
    else done(null, payload);
  });
  // Reading a body leaves the context: its events belong to the socket.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const { scope, span } = scopes.get(request) ?? { scope: { requestId: request.id }, span: null };
    withinSpan(span, () => RequestContext.run(scope, done));
  });
}

/** One log line and one measurement when a response is over, whether it was finished or the client went away. */
function observer(metrics: Metrics, streams: StreamMetrics, audit: AuditTrail) {
  const logger = new Logger('Access');
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its response, by route pattern. Without streams.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [metrics],
  });
  return (
    request: FastifyRequest,
    reply: FastifyReply,
    { scope, span }: { scope: RequestScope; span: Span | null },
  ): void => {
    const begun = performance.now();
    // A stream lives as long as its response, and keeps nothing of the request but this.
    const { method } = request;
    const route = request.routeOptions.url ?? 'unknown';
    const { raw } = reply;
    raw.once('close', () => {
      const { statusCode: status, writableFinished } = raw;
      const seconds = (performance.now() - begun) / 1_000;
      if (!streams.ended(raw, { route, status }, seconds)) duration.observe({ method, route, status }, seconds);
      if (status === 429) {
        // Whichever limit it was: each answers so.
        const event = { action: 'limit_reached', userId: scope.userId ?? null, detail: { method, route } } as const;
        RequestContext.run(scope, () => audit.recordRefusal(event));
      }
      const line = {
        ...scope,
        method,
        route,
        status,
        durationMs: Math.round(seconds * 1_000),
        ...(writableFinished ? {} : { aborted: true }),
      };
      withinSpan(span, () => logger[QUIET_ROUTES.has(route) && status < 400 ? 'debug' : 'log'](line));
      if (span !== null) endRequestSpan(span, raw, scope.userId);
    });
  };
}
