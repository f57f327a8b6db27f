import { Reflector } from '@nestjs/core';

/**
 * Which limit a route counts for. `auth` is the one that holds when Redis is away, by refusing; the others let
 * requests pass then. `none` is for probes.
 */
export type RateLimitKind = 'auth' | 'send' | 'read' | 'none';

/** Says of which kind a route, or a controller's routes, are. Without it: `read`. */
export const RateLimit = Reflector.createDecorator<RateLimitKind>();
