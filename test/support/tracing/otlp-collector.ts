import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { eventually } from '../eventually.js';
import { type CollectedSpan, spansOf } from './otlp-spans.js';

/** A collector of traces that takes OTLP over HTTP, as Protocol Buffers. To be stopped. */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  /** The headers of each export. */
  readonly requests: IncomingHttpHeaders[] = [];

  private constructor(
    private readonly server: Server,
    /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
    readonly url: string,
  ) {
    server.on('request', (request, response) => {
      void buffer(request).then((body) => {
        const isTraces = request.method === 'POST' && request.url === '/v1/traces';
        if (isTraces) this.spans.push(...spansOf(body));
        this.requests.push(request.headers);
        response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OtlpCollector(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** The variables of a process that exports its traces here, soon after their spans have ended. */
  get env(): Record<string, string> {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.url, OTEL_BSP_SCHEDULE_DELAY: '100' };
  }

  /** The trace of a request, once it has a span of each of these names. */
  async traceOf(requestId: string, ...names: string[]): Promise<Trace> {
    return eventually(() => {
      const root = this.spans.find(({ attributes }) => attributes['app.request.id'] === requestId);
      const trace = new Trace(this.spans.filter(({ traceId }) => traceId === root?.traceId));
      const missing = names.filter((name) => !trace.spans.some((span) => span.name === name));
      if (missing.length > 0) throw new Error(`No ${missing.join(', ')} in\n${trace.tree()}`);
      return trace;
    });
  }

  /** Takes no more, and closes what is open. May be called again. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** The spans of one trace. */
export class Trace {
  constructor(readonly spans: CollectedSpan[]) {}

  /** The spans of a name, in the order in which they ended. */
  named(name: string): CollectedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** @throws Error unless there is exactly one */
  only(name: string): CollectedSpan {
    const [span, ...others] = this.named(name);
    if (span === undefined || others.length > 0) throw new Error(`Not one ${name} in\n${this.tree()}`);
    return span;
  }

  /** The names of what a span follows from, from the beginning of the trace to the span itself. */
  pathTo(span: CollectedSpan): string[] {
    const parent = this.spans.find(({ spanId }) => spanId === span.parentId);
    return [...(parent === undefined ? [] : this.pathTo(parent)), span.name];
  }

  /** One line for each span, below the one that it follows from. */
  tree(): string {
    return this.spans.map((span) => this.pathTo(span).join(' > ')).join('\n');
  }
}
