import { NotFoundException } from '@nestjs/common';
import type { FastifyError, FastifyInstance } from 'fastify';

/** Where everything of the package with Swagger UI is mounted: its `package.json` and source maps, too. */
const MOUNTED = '/docs/*';

/** What the page loads of it. */
const FILES = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
].map((file) => `/docs/${file}`);

/** Serves of Swagger UI's files only those that its page loads. Before the routes are registered. */
export function serveOnlyNeededFiles(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const [path = ''] = request.url.split('?');
    if (request.routeOptions.url === MOUNTED && !FILES.includes(path)) {
      done(new NotFoundException() as Error as FastifyError);
    } else done();
  });
}

/** The paths behind that pattern, each with its methods, as of routes of their own. */
export const docsFileMethods = (): [path: string, methods: Set<string>][] =>
  FILES.map((path) => [path, new Set(['GET', 'HEAD'])]);
