import { Agent, request as httpRequest } from 'node:http';
import type { Answer } from '../../support/http/http-client.js';

/** A request as it goes over the wire: nothing in it is checked or normalised, as it would be by `fetch`. */
export interface RawRequest {
  method: string;
  /** Path and query, percent-encoded or not. */
  target: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

const TIMEOUT_MS = 30_000;

/** Sends requests that a well-behaved client would not. */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });

  /** @param base the API's address */
  constructor(private readonly base: string) {}

  /** The answer, a streamed one with all of its text; null when the server has cut the connection without one. */
  send({ method, target, headers, body }: RawRequest): Promise<Answer<unknown> | null> {
    const { hostname, port } = new URL(this.base);
    return new Promise((resolve, reject) => {
      // Node's client tells the length of a body only where it expects one.
      const length = body === null ? {} : { 'content-length': String(body.length) };
      const options = { hostname, port, method, path: target, agent: this.agent, timeout: TIMEOUT_MS };

      const request = httpRequest({ ...options, headers: { ...headers, ...length } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const known = new Headers(Object.entries(response.headersDistinct).flatMap(pairsOf));
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: known, body: parsed(text, known) });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${target} was not answered`)));
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(null);
        else reject(error);
      });
      request.end(body ?? undefined);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

const pairsOf = ([name, values]: [string, string[] | undefined]): [string, string][] =>
  (values ?? []).map((value) => [name, value]);

function parsed(text: string, headers: Headers): unknown {
  if (text === '') return undefined;
  return /[/+]json/.test(headers.get('content-type') ?? '') ? (JSON.parse(text) as unknown) : text;
}
