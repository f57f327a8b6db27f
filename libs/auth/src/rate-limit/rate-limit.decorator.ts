import { Reflector } from '@nestjs/core';

/**
 * Which limit a route counts for: per user, and per address where there is no user. `signup` and `auth` hold when Redis is
 * away, by refusing; the others let requests pass then. `anonymous` is what a request without a valid token counts for on
 * a route that needs one. `none` is for probes.
 */
export type RateLimitKind =
  'signup' | 'auth' | 'refresh' | 'anonymous' | 'send' | 'write' | 'checkout' | 'read' | 'shared' | 'none';

/** Says of which kind a route, or a controller's routes, are. Without it: `read` for GET and HEAD, else `write`. */
export const RateLimit = Reflector.createDecorator<RateLimitKind>();
