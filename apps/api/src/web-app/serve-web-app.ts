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
function answer(request: FastifyRequest, reply: FastifyReply, { content, headers }: WebAppFile): FastifyReply {
  void reply.headers(headers);
  const { etag } = headers;
  if (etag !== undefined && request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.send(content);
}
