import { MaintenanceError, type MaintenanceService, sendProblem, toProblem } from '@app/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Set with `@RouteConfig({ servesInMaintenance: true })`: answers as usual while the API is under maintenance. For probes, for Stripe's
     * webhook, whose events are stored, and for the pages that explain problems.
     */
    servesInMaintenance?: true;
  }
}

/**
 * Answers `503 maintenance` while there is one, before anything else is asked of the request. Streams that are open go on. To be called
 * after the headers of CORS are set, so that pages of other origins can read the answer.
 */
export function refuseInMaintenance(fastify: FastifyInstance, maintenance: MaintenanceService): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { current } = maintenance;
    if (current === null || isServed(request)) done();
    else sendProblem(request, reply, toProblem(new MaintenanceError(current.retryAfterSeconds)));
  });
}

/** Whether the request is no one's business but the API's own: pages, preflights, and what doesn't exist. */
const isServed = ({ is404, routeOptions: { config } }: FastifyRequest): boolean =>
  is404 || config.open === true || config.servesInMaintenance === true;
