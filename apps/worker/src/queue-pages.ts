import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { BILLING_QUEUE, REPLY_QUEUE } from '@app/contracts';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplicationContext } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { fastify } from 'fastify';

/** Where the pages are on the operators' port. */
export const QUEUE_PAGES_PATH = '/queues';

/** So many wrong passwords a minute may come from one address. */
const FAILURES = 10;
const FAILURES_MS = 60_000;
/** Of so many addresses failures are counted at a time. */
const ADDRESSES = 1_000;

/** How long Redis may take to say what a page shows; then the answer is 503. The queues' commands wait for Redis without end, as workers need it. */
const ANSWER_TIMEOUT_MS = 3_000;

/** The pages load from their own origin alone; their styles stand in the page. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/**
 * BullMQ's own pages of the queues, behind a password. They only show: PostgreSQL says what is to be done, so a job that is retried or
 * removed by hand changes nothing. To be imported only where there is a password: it loads what the pages need.
 */
export async function queuePages(app: INestApplicationContext, password: string): Promise<RequestListener> {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(QUEUE_PAGES_PATH);
  const queues = [REPLY_QUEUE.queue, BILLING_QUEUE.queue].map(
    (name) => new BullMQAdapter(app.get<Queue>(getQueueToken(name), { strict: false }), { readOnlyMode: true }),
  );
  createBullBoard({ queues, serverAdapter });
  const pages = fastify({ handlerTimeout: ANSWER_TIMEOUT_MS });
  await pages.register(serverAdapter.registerPlugin(), { prefix: QUEUE_PAGES_PATH });
  await pages.ready();
  const gate = new PasswordGate(password);
  return (request, response) => {
    if (gate.admits(request, response)) pages.routing(request, response);
  };
}

/** HTTP's basic authentication (RFC 7617) with any user name, for requests that only read. */
class PasswordGate {
  private readonly expected: Buffer;
  /** Address → its wrong passwords since a moment, oldest first. */
  private readonly failures = new Map<string, { count: number; since: number }>();

  constructor(password: string) {
    this.expected = digest(password);
  }

  /** Whether the request may go on; otherwise it is answered. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.refusal(request);
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (refusal === null) return true;
    response.writeHead(refusal.status, refusal.headers).end();
    return false;
  }

  private refusal(request: IncomingMessage): { status: number; headers: Record<string, string> } | null {
    const { remoteAddress = '' } = request.socket;
    if (this.hasFailedTooOften(remoteAddress))
      return { status: 429, headers: { 'Retry-After': String(FAILURES_MS / 1_000) } };
    const given = passwordOf(request);
    if (given === null || !timingSafeEqual(digest(given), this.expected)) {
      if (given !== null) this.countFailure(remoteAddress);
      return { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="queues", charset="UTF-8"' } };
    }
    const reads = request.method === 'GET' || request.method === 'HEAD';
    return reads ? null : { status: 405, headers: { Allow: 'GET, HEAD' } };
  }

  private hasFailedTooOften(address: string): boolean {
    const known = this.failures.get(address);
    if (known !== undefined && Date.now() - known.since >= FAILURES_MS) this.failures.delete(address);
    return (this.failures.get(address)?.count ?? 0) >= FAILURES;
  }

  private countFailure(address: string): void {
    const known = this.failures.get(address) ?? { count: 0, since: Date.now() };
    known.count++;
    this.failures.set(address, known);
    if (this.failures.size > ADDRESSES) this.failures.delete(this.failures.keys().next().value!);
  }
}

/** The password of `Authorization: Basic`; null: there is none. */
function passwordOf({ headers }: IncomingMessage): string | null {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return password ?? null;
}

/** Of one length, so that the time of a comparison says nothing of the password. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
