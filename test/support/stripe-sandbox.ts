import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import Stripe from 'stripe';
import { createSandbox } from '../../apps/sandbox/src/create-sandbox.js';
import { readSandboxConfig } from '../../apps/sandbox/src/sandbox.config.js';
import type { JournalEntry } from '../../apps/sandbox/src/stripe/http/journal.js';
import type { Delivery } from '../../apps/sandbox/src/stripe/webhooks/delivery.js';

/** The stand-in for Stripe in this process, as the real SDK and its control API see it. */
export class StripeSandboxServer {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  /** @param env what the sandbox reads from its environment */
  static async start(env: Record<string, string> = {}): Promise<StripeSandboxServer> {
    const app = await createSandbox(readSandboxConfig({ NODE_ENV: 'test', ...env }));
    await app.listen(0, '127.0.0.1');
    return new StripeSandboxServer(app, await app.getUrl());
  }

  /** The real SDK; it doesn't retry unless told to. */
  sdk(config: Stripe.StripeConfig = {}, key = 'sk_test_sandbox'): Stripe {
    const { hostname, port } = new URL(this.url);
    return new Stripe(key, {
      host: hostname,
      port,
      protocol: 'http',
      maxNetworkRetries: 0,
      telemetry: false,
      ...config,
    });
  }

  /** Calls the control API, and gives its answer; one that isn't a success throws. */
  async control<Answer = unknown>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.url}/control/stripe${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  /** Pays an open checkout session, as the person on the page does. */
  pay(session: string): Promise<{ subscription: string; url: string }> {
    return this.control('POST', `/checkout/${session}/pay`);
  }

  /** Moves the clock. */
  advance(by: { seconds?: number; days?: number; to?: number }): Promise<{ now: number; events: { type: string }[] }> {
    return this.control('POST', '/clock/advance', by);
  }

  /** The calls of the API that were received. */
  async requests(query = ''): Promise<JournalEntry[]> {
    return (await this.control<{ requests: JournalEntry[] }>('GET', `/requests${query}`)).requests;
  }

  async deliveries(query = ''): Promise<Delivery[]> {
    return (await this.control<{ deliveries: Delivery[] }>('GET', `/deliveries${query}`)).deliveries;
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}
