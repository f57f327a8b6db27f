import { METHODS, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, problemOfStatus } from '@app/platform';
import type { ConnectionError, FastifyInstance } from 'fastify';
import { allowHeader, type MethodsByPath } from './allowed-methods.js';
import { writeProblem } from './broken-request.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods of each path, once the application is configured. */
    methodsByPath?: MethodsByPath;
  }
}

/** No part of it can stand where the next one begins, so that no bytes make it try many ways to divide them. */
const REQUEST_LINE = /^([!#$%&'*+.^`|~\w-]+) (\/[^\s?#]*)(?:[?#]\S*)? HTTP\/1\.[01]\r?\n/;

/**
 * The problem of a request with a method that Node doesn't read: a path that has other methods says so, as for those that Node
 * reads. Null when it is another flaw by which the bytes are no request.
 */
export function unreadMethodProblem(error: ConnectionError, methods: MethodsByPath = new Map()): Problem | null {
  const { code, rawPacket } = error as { code: string; rawPacket: unknown };
  if (code !== 'HPE_INVALID_METHOD' || !Buffer.isBuffer(rawPacket)) return null;
  const [, method = '', path = ''] = REQUEST_LINE.exec(rawPacket.toString('latin1')) ?? [];
  if (path === '' || METHODS.includes(method)) return null;
  const asked = path.split('/');
  const known = [...methods].find(([pattern]) => matches(pattern.split('/'), asked))?.[1];
  return known === undefined ? problemOfStatus(404) : methodNotAllowed(known);
}

/** Refuses tunnels: CONNECT names no path, so what it may be told is what any path has. */
export function refuseTunnels(fastify: FastifyInstance, methods: MethodsByPath): void {
  const { server } = fastify as unknown as { server: Server };
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    writeProblem(socket, methodNotAllowed([...methods.values()].flatMap((known) => [...known])));
  });
}

const methodNotAllowed = (known: Iterable<string>): Problem => problemOfStatus(405, { Allow: allowHeader(known) });

/** Whether a path, by its segments, is one of a route. */
function matches(steps: string[], asked: string[]): boolean {
  return (
    steps.length === asked.length &&
    steps.every((step, index) => (step.startsWith(':') ? asked[index] !== '' : step === asked[index]))
  );
}
