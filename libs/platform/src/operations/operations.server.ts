import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplicationContext } from '@nestjs/common';
import { HealthService, isReady } from '../health/health.service.js';
import { Metrics } from '../metrics/metrics.registry.js';

/** A request has to arrive whole in ten seconds, and Node notices within another. */
const TIMEOUTS = { requestTimeout: 10_000, headersTimeout: 10_000, connectionsCheckingInterval: 1_000 };

/**
 * The port for operators, apart from the public one: `/health/live`, `/health/ready` and Prometheus' `/metrics`.
 * It stays open while the process drains, and closes last.
 */
export class OperationsServer {
  private readonly server: Server;
  private readonly metrics: Metrics;
  private readonly health: HealthService;
  /** Path → what answers there, and below it. */
  private readonly mounted = new Map<string, RequestListener>();

  constructor(app: INestApplicationContext) {
    this.metrics = app.get(Metrics);
    this.health = app.get(HealthService);
    this.server = createServer(TIMEOUTS, (request, response) => {
      const listener = this.mountedAt(request.url);
      if (listener === null) this.answer(request.url, response).catch(() => response.destroy());
      else listener(request, response);
    });
  }

  /**
   * Has a listener answer at a path and below it. To be called before {@link listen}.
   *
   * @param path such as `/queues`
   */
  mount(path: string, listener: RequestListener): void {
    this.mounted.set(path, listener);
  }

  /**
   * Listens on that port or not at all: who watches a process by its configured port must not find another one there.
   *
   * @param port 0 takes any free one
   * @param host the address to listen on
   * @returns the port
   * @throws Error `EADDRINUSE` when the port is taken
   */
  async listen(port: number, host: string): Promise<number> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private mountedAt(url = ''): RequestListener | null {
    for (const [path, listener] of this.mounted)
      if (url === path || (/^[/?]/.test(url.slice(path.length)) && url.startsWith(path))) return listener;
    return null;
  }

  private async answer(url: string | undefined, response: ServerResponse): Promise<void> {
    const [path] = (url ?? '').split('?');
    switch (path) {
      case '/health/live':
        return send(response, 200, { status: 'ok' });
      case '/health/ready': {
        const readiness = this.health.readiness();
        return send(response, isReady(readiness.status) ? 200 : 503, readiness);
      }
      case '/metrics':
        response.setHeader('Content-Type', this.metrics.contentType).end(await this.metrics.metrics());
        return;
      default:
        return send(response, 404, { status: 'not_found' });
    }
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
