import { MethodNotAllowedException } from '@nestjs/common';
import type { FastifyError, FastifyInstance, HTTPMethods, onRequestHookHandler } from 'fastify';

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Notes which methods each path has. Before any route is registered. */
export function collectMethods(fastify: FastifyInstance): Map<string, Set<HTTPMethods>> {
  const methods = new Map<string, Set<HTTPMethods>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<HTTPMethods>();
    for (const each of [method].flat()) known.add(each);
    methods.set(url, known);
  });
  return methods;
}

/** Answers the methods that a path doesn't have: OPTIONS with what it has, others with 405. After all routes are registered. */
export function answerOtherMethods(fastify: FastifyInstance, methods: Map<string, Set<HTTPMethods>>): void {
  for (const [url, known] of [...methods]) {
    if (url.includes('*')) continue;
    const allow = [...new Set([...known, 'OPTIONS'])].sort().join(', ');
    const missing = METHODS.filter((method) => !known.has(method));
    const refused = missing.filter((method) => method !== 'OPTIONS');
    if (refused.length > 0)
      fastify.route({
        method: refused,
        url,
        config: { open: true },
        onRequest: methodNotAllowed(allow),
        handler: unreachable,
      });
    if (missing.includes('OPTIONS'))
      fastify.options(url, { config: { open: true } }, (_request, reply) =>
        reply.code(204).header('Allow', allow).send(),
      );
  }
}

/** Refuses before the body is looked at. */
function methodNotAllowed(allow: string): onRequestHookHandler {
  return (_request, reply, done) => {
    void reply.header('Allow', allow);
    done(new MethodNotAllowedException() as Error as FastifyError);
  };
}

/** Never reached, but a route needs one. */
const unreachable = () => {
  throw new MethodNotAllowedException();
};
