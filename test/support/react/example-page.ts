import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { execa } from 'execa';
import { packageCommand } from '../../../scripts/node/package-command.mjs';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Serves an example of `examples` as its users build it, on an origin that is known before it is built. */
export class ExamplePage {
  private readonly server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://any').pathname.replace(/\/$/, '/index.html');
    const file = join(this.folder, path);
    readFile(file).then(
      (content) => response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain').end(content),
      () => response.writeHead(404).end(),
    );
  });

  private constructor(private readonly folder: string) {}

  static async listen(): Promise<ExamplePage> {
    const page = new ExamplePage(await mkdtemp(join(tmpdir(), 'example-')));
    await new Promise<void>((resolve) => page.server.listen(0, '127.0.0.1', resolve));
    return page;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @throws Error after Vite's own message */
  async build(example: string, apiUrl: string): Promise<void> {
    const cwd = join(import.meta.dirname, '../../../examples', example);
    await execa(process.execPath, [packageCommand('vite'), 'build', '--outDir', this.folder, '--emptyOutDir'], {
      cwd,
      env: { VITE_API_URL: apiUrl, NODE_ENV: 'production', NODE_OPTIONS: '' },
    });
  }

  async close(): Promise<void> {
    this.server.close();
    await rm(this.folder, { recursive: true });
  }
}
