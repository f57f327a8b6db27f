import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/**
 * A path parameter that is a name: it comes as it was sent. One that is an id is taken with `@Param`, which lets nothing
 * but a UUID pass. A route with a name describes it by `@ApiParam` with a pattern.
 */
export const PathName = createParamDecorator((name: string, context: ExecutionContext): string => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>();
  return params[name] ?? '';
});
