import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebAppFile } from './web-app-files.js';

/** Adds a route for each file of the chat page. They need no token and take any query. */
export function serveWebApp(fastify: FastifyInstance, files: WebAppFile[]): void {
  const config = { open: true, openKind: 'anonymous' } as const;
  for (const file of files) {
    fastify.get(file.path, { config }, (request, reply) => answer(request, reply, file));
  }
}

/** A browser that has the page already gets no second copy of it. */
function answer(request: FastifyRequest, reply: FastifyReply, { content, gzipped, headers }: WebAppFile): FastifyReply {
  // CORS has said that the answer varies by origin.
  const vary = [reply.getHeader('vary') ?? [], 'Accept-Encoding'].flat().join(', ');
  void reply.headers({ ...headers, vary });
  if (isKnown(request, headers['etag'])) return reply.code(304).send();
  if (!takesGzip(request)) return reply.send(content);
  return reply.header('content-encoding', 'gzip').send(gzipped);
}

/** Whether the client has what has this tag, by a weak comparison (RFC 9110, section 13.1.2). No tag of ours has a comma. */
function isKnown({ headers }: FastifyRequest, etag: string | undefined): boolean {
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim()) ?? [];
  return etag !== undefined && known.some((tag) => tag === '*' || opaque(tag) === opaque(etag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');

/** Whether the client names gzip, and not to refuse it (RFC 9110, section 12.5.3). */
const takesGzip = ({ headers }: FastifyRequest): boolean =>
  /(?:^|,)\s*(?:x-)?gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i.test(String(headers['accept-encoding'] ?? ''));
