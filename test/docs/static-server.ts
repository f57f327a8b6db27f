import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

/** Serves a built page on a free port of this machine; every path that is no file is the page itself. */
export async function serveFolder(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = /^\/assets\/[\w.-]+$/.test(pathname) ? pathname : '/index.html';
    readFile(join(folder, name))
      .then((content) => response.setHeader('content-type', TYPES[name.split('.').at(-1) ?? ''] ?? '').end(content))
      .catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
