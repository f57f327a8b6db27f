import { readFileSync } from 'node:fs';
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

/** Where our own script of the page is served. */
export const DOCS_PAGE_SCRIPT = '/docs/docs-page.js';

/** Serves the script as the build left it beside the API's own file. It is read when it is first asked for. */
export function serveDocsPageScript(fastify: FastifyInstance): void {
  let script: string | null = null;
  fastify.get(DOCS_PAGE_SCRIPT, (_request, reply) => {
    script ??= readFileSync(new URL('docs-page.js', import.meta.url), 'utf8');
    return reply.type('text/javascript; charset=utf-8').send(script);
  });
}

/** The paths behind that pattern, each with its methods, as of routes of their own. */
export const docsFileMethods = (): [path: string, methods: Set<string>][] =>
  FILES.map((path) => [path, new Set(['GET', 'HEAD'])]);
