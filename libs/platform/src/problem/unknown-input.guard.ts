import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { unknownNames, ValidationFailedError } from './validation.errors.js';

/**
 * Refuses the query, or the body, of a route that takes none, as the check of a class refuses what the class does not know. A
 * route that takes its request as it comes (`@RouteConfig({ rawBody: true })`) is passed over: others say what they send to it.
 * So is the query of a page for people (`@RouteConfig({ page: true })`), which links may lead to with anything behind them.
 */
export class UnknownInputGuard implements CanActivate {
  /** @throws ValidationFailedError */
  canActivate(context: ExecutionContext): boolean {
    const { query, body, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const { rawBody, page } = routeOptions.config as { rawBody?: boolean; page?: boolean };
    if (rawBody === true) return true;
    const unknown = [
      ...(page === true || takes(context, RouteParamtypes.QUERY) ? [] : Object.keys(query as object)),
      ...(takes(context, RouteParamtypes.BODY) ? [] : namesIn(body)),
    ];
    if (unknown.length > 0) throw new ValidationFailedError(unknownNames(unknown));
    return true;
  }
}

/** Whether the handler has an argument of a kind; its class then checks it. */
function takes(context: ExecutionContext, kind: RouteParamtypes): boolean {
  const route = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    Record<string, unknown> | undefined;
  return Object.keys(route ?? {}).some((key) => key.startsWith(`${kind}:`));
}

/** The properties of a body. */
function namesIn(body: unknown): string[] {
  if (body === undefined) return [];
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return Object.keys(body);
  throw new ValidationFailedError([{ pointer: '', detail: 'must be a JSON object' }]);
}
