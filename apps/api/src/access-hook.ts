import { AccessService, type AuthenticatedUser, type RateLimitKind, RequestTurnsService } from '@app/auth';
import { type ExecutionContext, NotFoundException, type Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify';
import { controllersOf, type Handler, handlersOf } from './controllers.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by {@link controlAccess}: whose decorators say who may call the route. */
    controller?: Type;
    handler?: Handler;
    /** Needs no token although it is no controller's: a page, or an answer to a wrong method. All others that are none's are closed. */
    open?: true;
    /**
     * Set with `@RouteConfig({ hasOwnBound: true })`: takes no turn among its user's requests. For streams, which stay open, for
     * searches, which have places of their own, and for what asks Stripe, which may take long.
     */
    hasOwnBound?: true;
    /** What an open route counts for; without it for nothing. */
    openKind?: RateLimitKind;
  }
}

/** The largest body of `/auth/*`, in bytes: whoever sends one to most of these routes is not known. */
const AUTH_BODY_LIMIT_BYTES = 4_096;

/** The description of the API and the page that shows it. */
const DOCS = /^\/(?:docs|openapi(?:-3\.0)?\.json)(?:[/.-]|$)/;

/** What stands for the controller and the handler of a route that is neither a controller's nor open: no decorator opens it. */
class UnlistedRoute {}
const unlistedHandler: Handler = () => undefined;

/**
 * Has every request let in by {@link AccessService} before a byte of its body is read, by the decorators of its route. Before
 * any route is registered.
 *
 * @param bodyLimit the largest body of other routes, in bytes
 */
export function controlAccess(app: NestFastifyApplication, bodyLimit: number): void {
  const fastify = app.getHttpAdapter().getInstance();
  const access = app.get(AccessService);
  nameHandlers(app);
  fastify.addHook('onRoute', (route) => {
    if (DOCS.test(route.url)) route.config = { ...route.config, open: true, openKind: 'anonymous' };
    // What answers the preflights of all paths, and 404 to other OPTIONS of unknown ones.
    if (route.url === '*' && route.method === 'OPTIONS') {
      route.config = { ...route.config, open: true };
      route.preHandler = refuseUnlessPreflight;
    }
    if (route.url.startsWith('/auth/')) route.bodyLimit = Math.min(AUTH_BODY_LIMIT_BYTES, bodyLimit);
  });
  fastify.addHook('onRequest', async (request, reply) => {
    // An unknown path is a 404 for everybody.
    if (request.is404) return;
    const { config } = request.routeOptions;
    const context = contextOf(config, request, reply);
    if (config.open === true) return access.count(context, config.openKind ?? 'none');
    // The router takes an empty segment for a parameter; no route of ours has one.
    if (Object.values(request.params as object).includes('')) throw new NotFoundException();
    await access.admit(context);
  });
  takeTurns(fastify, app.get(RequestTurnsService));
}

/** What a client that hung up has begun is over by then: statements have a shorter timeout. */
const ABANDONED_MS = 15_000;

/** How many bytes a turn takes a millisecond for: storing costs more than reading. */
const BODY_BYTES_PER_MS = 1_024;
const ANSWER_BYTES_PER_MS = 8_192;
/** What is smaller ends its turn with its answer. */
const SHORTEST_HOLD_MS = 4;

/** How long a turn goes on after its answer, in milliseconds: who sends and reads much without a pause leaves time for others. */
function holdFor(request: FastifyRequest, payload: unknown): number {
  const sent = request.bodyBytes ?? 0;
  const answered = typeof payload === 'string' ? payload.length : 0;
  return sent / BODY_BYTES_PER_MS + answered / ANSWER_BYTES_PER_MS;
}

/** Has a user's requests wait for each other, once their bodies are there: who sends one slowly holds up no other. */
function takeTurns(fastify: FastifyInstance, turns: RequestTurnsService): void {
  const ends = new WeakMap<FastifyRequest, () => void>();
  fastify.addHook('preHandler', async (request: FastifyRequest & { user?: AuthenticatedUser }, reply) => {
    if (request.user === undefined || request.routeOptions.config.hasOwnBound === true) return;
    const end = await turns.begin(request.user.userId);
    ends.set(request, end);
    request.endTurn = () => ends.delete(request) && end();
    reply.raw.once('close', () => ends.has(request) && setTimeout(end, ABANDONED_MS).unref());
  });
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const end = ends.get(request);
    const hold = holdFor(request, payload);
    if (end !== undefined && hold >= SHORTEST_HOLD_MS) setTimeout(end, hold);
    else end?.();
    ends.delete(request);
    done();
  });
}

const refuseUnlessPreflight: preHandlerHookHandler = (request, _reply, done) =>
  done(request.headers['access-control-request-method'] === undefined ? (new NotFoundException() as never) : undefined);

/** What Nest's guards are told of a request. */
function contextOf(config: FastifyContextConfig, request: FastifyRequest, reply: FastifyReply): ExecutionContext {
  const { controller = UnlistedRoute, handler = unlistedHandler } = config;
  return new ExecutionContextHost([request, reply], controller, handler);
}

/** Adds to each route's configuration which method of which controller it is; Nest doesn't tell Fastify. */
function nameHandlers(app: NestFastifyApplication): void {
  for (const controller of controllersOf(app)) {
    for (const handler of handlersOf(controller)) {
      const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as RouteOptions['config'];
      if (config?.controller !== undefined && config.controller !== controller) {
        throw new Error(`${controller.name}.${handler.name} is also a method of ${config.controller.name}`);
      }
      Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, controller, handler }, handler);
    }
  }
}
