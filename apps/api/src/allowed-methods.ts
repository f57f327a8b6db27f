import { METHODS } from 'node:http';
import { RefusedRequestError } from '@app/platform';
import type { FastifyError, FastifyInstance, FastifyReply, onRequestHookHandler } from 'fastify';

/** All that Node reads but CONNECT, which asks for a tunnel and names no path. */
const READ_METHODS = METHODS.filter((method) => method !== 'CONNECT');

/** What PATCH takes (RFC 5789, section 3.1). */
const ACCEPT_PATCH = { 'Accept-Patch': 'application/json' };

/** The methods of each path, by the pattern of its route. */
export type MethodsByPath = Map<string, ReadonlySet<string>>;

/**
 * Notes which methods each path has. Before any route is registered.
 * @returns what has been noted so far
 */
export function collectMethods(fastify: FastifyInstance): () => MethodsByPath {
  const methods = new Map<string, Set<string>>();
  for (const method of READ_METHODS) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method);
  }
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>();
    for (const each of [method].flat()) known.add(each);
    methods.set(url, known);
  });
  return () => new Map([...methods].map(([url, known]) => [url, new Set(known)]));
}

/** Answers the methods that a path doesn't have: OPTIONS with what it has, others with 405. After all routes are registered. */
export function answerOtherMethods(fastify: FastifyInstance, methods: MethodsByPath): void {
  for (const [url, known] of methods) {
    if (url.includes('*')) continue;
    const allow = allowHeader(known);
    const headers = { Allow: allow, ...(known.has('PATCH') ? ACCEPT_PATCH : {}) };
    const method = READ_METHODS.filter((each) => each !== 'OPTIONS' && !known.has(each));
    const config = { open: true } as const;
    fastify.route({ method, url, config, onRequest: methodNotAllowed(allow), handler: unreachable });
    if (!known.has('OPTIONS')) fastify.options(url, { config }, (_request, reply) => answerOptions(reply, headers));
  }
}

/** The value of `Allow` for a path with these methods. */
export const allowHeader = (known: Iterable<string>): string => [...new Set([...known, 'OPTIONS'])].sort().join(', ');

const answerOptions = (reply: FastifyReply, headers: Record<string, string>) => reply.code(204).headers(headers).send();

/** Refuses before the body is looked at. */
const methodNotAllowed =
  (allow: string): onRequestHookHandler =>
  (_request, _reply, done) =>
    done(new RefusedRequestError(405, { headers: { Allow: allow } }) as Error as FastifyError);

/** Never reached, but a route needs one. */
const unreachable = () => {
  throw new RefusedRequestError(405);
};
