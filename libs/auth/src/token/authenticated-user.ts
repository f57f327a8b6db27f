import type { FastifyRequest } from 'fastify';

/** Who a request comes from, as its access token proves. */
export interface AuthenticatedUser {
  userId: string;
  sessionId: string;
}

/** A request that has passed the guard on a route that isn't public. */
export type AuthenticatedRequest = FastifyRequest & { user: AuthenticatedUser };
