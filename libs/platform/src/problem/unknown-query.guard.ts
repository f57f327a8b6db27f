import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { unknownNames, ValidationFailedError } from './validation.errors.js';

const QUERY_ARGUMENT = new RegExp(`^${RouteParamtypes.QUERY}:`);

/**
 * Refuses the query of a route that takes none, as the check of a query class refuses what the class does not know. A
 * route that takes its request as it comes (`rawBody`) is passed over: others say what they send to it.
 */
export class UnknownQueryGuard implements CanActivate {
  /** @throws ValidationFailedError */
  canActivate(context: ExecutionContext): boolean {
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const names = Object.keys(query as object);
    if (names.length === 0 || takesQuery(context)) return true;
    if ((routeOptions.config as { rawBody?: boolean }).rawBody === true) return true;
    throw new ValidationFailedError(unknownNames(names));
  }
}

/** Whether the handler has an argument with the query; its class then checks it. */
function takesQuery(context: ExecutionContext): boolean {
  const route = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    Record<string, unknown> | undefined;
  return Object.keys(route ?? {}).some((key) => QUERY_ARGUMENT.test(key));
}
