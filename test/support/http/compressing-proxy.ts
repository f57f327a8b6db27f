import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import compression from 'compression';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** What a compressing proxy does differently from its defaults. */
interface CompressingProxyOptions {
  /** Takes `no-transform` out of the answers, as if the API had not said so. */
  ignoresNoTransform?: boolean;
}

/** A reverse proxy that compresses what it may, as those of hosting companies do. */
export class CompressingProxy {
  /** What came from the API, as far as it has been read. */
  received = '';
  private readonly compress = compression() as unknown as Middleware;
  private readonly server = createServer((asked, answer) =>
    this.compress(asked, answer, () => this.pass(asked, answer)),
  );

  private constructor(
    private readonly target: string,
    private readonly options: CompressingProxyOptions,
  ) {}

  /** Starts a proxy to an API. */
  static async to(target: string, options: CompressingProxyOptions = {}): Promise<CompressingProxy> {
    const proxy = new CompressingProxy(target, options);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private readonly pass: RequestListener = (asked, answer) => {
    const { method, url = '/', headers } = asked;
    const upstream = request(new URL(url, this.target), { method, headers }, (source) => {
      for (const [name, value = ''] of Object.entries(source.headers)) answer.setHeader(name, value);
      if (this.options.ignoresNoTransform === true) answer.setHeader('cache-control', 'no-store');
      answer.writeHead(source.statusCode ?? 502);
      source.on('data', (chunk: Buffer) => {
        this.received += chunk.toString();
        answer.write(chunk);
      });
      source.on('end', () => answer.end());
      source.on('error', () => answer.destroy());
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    asked.pipe(upstream);
  };
}
