import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import { AddressHashService, ErasedUserFilter } from '@app/auth';
import {
  AuditTrail,
  MaintenanceService,
  Metrics,
  RequestValidationPipe,
  sendProblem,
  StreamMetrics,
  toProblem,
  TracingConfig,
  UnknownInputGuard,
} from '@app/platform';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { controlAccess } from './access-hook.js';
import { answerOtherMethods, collectMethods, type MethodsByPath } from './allowed-methods.js';
import type { ApiConfig } from './api.config.js';
import { limitBodyTime, MAX_UPLOAD_MS } from './bodies/body-timeout.js';
import { answerBrokenRequest } from './broken-request.js';
import { acceptFiles } from './bodies/file-body.js';
import { acceptJsonOnly } from './json-body.js';
import { docsFileMethods } from './openapi/docs-files.js';
import { setUpDocs } from './openapi/document.js';
import { addRequestHooks, requestIdOf, setCommonHeaders } from './request-hooks.js';
import { addBodyRules, addRequestRules } from './request-rules.js';
import { refuseInMaintenance } from './maintenance/maintenance-hook.js';
import { boundUnreadBodies } from './unread-body.js';
import { refuseTunnels, unreadMethodProblem } from './unread-method.js';
import { serveWebApp } from './web-app/serve-web-app.js';
import type { WebAppFile } from './web-app/web-app-files.js';

/** Response headers that a page of another origin may read. */
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** Unless the environment says otherwise, bodies may have this many bytes at least. */
const MIN_BODY_LIMIT_BYTES = 262_144;

/** A character takes up to four bytes in UTF-8, and six where a client escapes it (`\u20ac`). */
const BYTES_PER_CHARACTER = 6;
/** What a body holds besides the message: the ids of a hundred files, at 40 bytes each, and what else there is. */
const OTHER_BYTES = 8_192;

/**
 * The HTTP server under Nest, with its limits.
 *
 * @param longestMessage in characters: the largest `maxMessageCharacters` of all plans
 */
export function createAdapter(config: ApiConfig, longestMessage: number): FastifyAdapter {
  const needed = longestMessage * BYTES_PER_CHARACTER + OTHER_BYTES;
  const adapter = new FastifyAdapter({
    bodyLimit: config.BODY_LIMIT_BYTES ?? Math.max(MIN_BODY_LIMIT_BYTES, needed),
    // Of uploads, which Node can't tell from others; `limitBodyTime` has the timeout of all others.
    requestTimeout: Math.max(MAX_UPLOAD_MS, config.REQUEST_TIMEOUT_MS),
    // Longer than the idle time of the usual load balancers (60 s), so that they close first.
    keepAliveTimeout: 72_000,
    trustProxy: (_address: string, hop: number) => hop < config.TRUST_PROXY_HOPS,
    // An id of any length is an id that doesn't exist, no other kind of problem.
    routerOptions: { maxParamLength: 16_384 },
    // What arrives on a kept connection while we drain is still served, and told to close.
    return503OnClosing: false,
    genReqId: requestIdOf,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      setCommonHeaders(request, reply);
      sendProblem(request, reply, toProblem(error));
    },
    http: {
      // Node's own values are 60 s for the head alone, and up to 30 s more until it notices.
      headersTimeout: config.REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
      // A request without `Host` is answered by us, as a problem.
      requireHostHeader: false,
    },
    clientErrorHandler(this: FastifyInstance, error: ConnectionError, socket: Socket) {
      answerBrokenRequest(error, socket, unreadMethodProblem(error, this.methodsByPath) ?? undefined);
    },
  });
  adapter.setOnRequestHook((request, reply, done) => {
    setCommonHeaders(request, reply);
    done();
  });
  return adapter;
}

/**
 * Gives the application everything that is common to all routes, and initialises it.
 *
 * @param webApp the files of the chat page; none where it isn't served
 */
export async function configureApp(
  app: NestFastifyApplication,
  config: ApiConfig,
  webApp: WebAppFile[],
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const methodsSoFar = collectMethods(fastify);
  const methods: MethodsByPath = new Map();
  fastify.decorate('methodsByPath', methods);
  addRequestHooks(fastify, app.get(Metrics), {
    addresses: app.get(AddressHashService),
    audit: app.get(AuditTrail),
    streams: app.get(StreamMetrics),
    tracing: app.get(TracingConfig),
  });
  acceptJsonOnly(fastify);
  const security = securityHeaders();
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(security);
    done();
  });
  addRequestRules(fastify);
  if (config.CORS_ORIGINS.length > 0) {
    app.enableCors({
      origin: config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 7_200,
      // OPTIONS without preflight headers is answered by each path, too, with its Allow.
      strictPreflight: false,
      preflightContinue: true,
    });
  }
  refuseInMaintenance(fastify, app.get(MaintenanceService, { strict: false }));
  controlAccess(app, fastify.initialConfig.bodyLimit!);
  addBodyRules(fastify);
  acceptFiles(fastify);
  limitBodyTime(fastify, config.REQUEST_TIMEOUT_MS);
  boundUnreadBodies(fastify);
  app.useGlobalGuards(new UnknownInputGuard());
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ErasedUserFilter());
  setUpDocs(app);
  serveWebApp(fastify, webApp);
  await app.init();
  for (const [path, known] of [...methodsSoFar(), ...docsFileMethods()]) methods.set(path, known);
  answerOtherMethods(fastify, methods);
  refuseTunnels(fastify, methods);
}

/** What helmet sets, which is the same for all answers. */
function securityHeaders(): Record<string, string> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const secure = helmet({ contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY } });
  secure(response.req, response, () => undefined);
  return response.getHeaders() as Record<string, string>;
}

/** The API serves data, and one page of its own: Swagger UI, whose styles stand in the page. */
const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  formAction: ["'none'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
};
