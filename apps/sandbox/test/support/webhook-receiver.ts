import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One webhook as it arrived. */
export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  /** The exact bytes, as text. */
  body: string;
  status: number;
}

/** An endpoint that keeps every webhook, and answers with a status that the test sets. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** What the next webhooks are answered with. */
  status = 200;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new WebhookReceiver(server, `http://127.0.0.1:${port}/webhook`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status } = receiver;
        receiver.received.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), status });
        response.writeHead(status).end();
      });
    });
    return receiver;
  }

  /** The types of what was accepted, in the order of arrival. */
  types(): string[] {
    const accepted = this.received.filter(({ status }) => status === 200);
    return accepted.map(({ body }) => (JSON.parse(body) as { type: string }).type);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
