import { Public, RateLimit } from '@app/auth';
import type { INestApplication, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { DECORATORS } from '@nestjs/swagger';
import { controllersOf, type Handler, handlersOf } from '../controllers.js';

/** What guards and parsers know of a route: asked of the metadata that they ask. */
export interface RouteFacts {
  /** Needs no token. */
  isPublic: boolean;
  /** Counts for a rate limit. */
  isLimited: boolean;
  /** Takes bytes as they are, not JSON that is checked. */
  takesRawBody: boolean;
  /** Takes a form with a file, and no JSON. */
  takesFile: boolean;
  /** Answers as usual while the API is under maintenance. */
  servesInMaintenance: boolean;
}

/** The facts of all routes, by operationId. */
export function routeFacts(app: INestApplication): Map<string, RouteFacts> {
  const reflector = app.get(Reflector);
  const facts = new Map<string, RouteFacts>();
  for (const controller of controllersOf(app)) {
    for (const handler of handlersOf(controller)) {
      const operationId = operationIdOf(handler);
      if (operationId !== undefined) facts.set(operationId, factsOf(reflector, controller, handler));
    }
  }
  return facts;
}

function factsOf(reflector: Reflector, controller: Type, handler: Handler): RouteFacts {
  const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as
    { rawBody?: boolean; takesFile?: boolean; servesInMaintenance?: boolean } | undefined;
  return {
    isPublic: reflector.getAllAndOverride(Public, [handler, controller]) === true,
    isLimited: reflector.getAllAndOverride(RateLimit, [handler, controller]) !== 'none',
    takesRawBody: config?.rawBody === true,
    takesFile: config?.takesFile === true,
    servesInMaintenance: config?.servesInMaintenance === true,
  };
}

const operationIdOf = (handler: Handler): string | undefined =>
  (Reflect.getMetadata(DECORATORS.API_OPERATION, handler) as { operationId?: string } | undefined)?.operationId;
