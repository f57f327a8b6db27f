import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { PayloadTooLargeException } from '@nestjs/common';
import type { FastifyError, FastifyInstance } from 'fastify';

/** A body up to this size is read to its end and dropped, and the connection serves on. */
const SMALL_BYTES = 65_536;

/** Of a longer body this much is dropped, so that a client that sends all before it reads gets its answer; then the connection ends. */
const DROPPED_BYTES = 1_048_576;

/** As long as that may take, in milliseconds. */
const DROPPING_MS = 10_000;

/**
 * Answers that are given before the body has arrived: the answer goes out at once, with `Connection: close` where the body
 * is long, and no more than a bounded part of it is taken from the wire. A client that waits for `100 Continue` is told to
 * go on only when its body is wanted.
 */
export function boundUnreadBodies(fastify: FastifyInstance): void {
  const waiting = new WeakSet<IncomingMessage>();
  fastify.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    fastify.server.emit('request', request, response);
  });
  // After the hooks that refuse requests by their head.
  fastify.addHook('preParsing', ({ raw, routeOptions }, reply, payload, done) => {
    if (!waiting.has(raw)) return done(null, payload);
    const length = lengthOf(raw);
    if (length !== Infinity && length > routeOptions.bodyLimit) {
      return done(new PayloadTooLargeException() as Error as FastifyError);
    }
    waiting.delete(raw);
    reply.raw.writeContinue();
    done(null, payload);
  });
  fastify.addHook('onSend', ({ raw, method }, reply, payload, done) => {
    if (raw.complete || lengthOf(raw) === 0) return done(null, payload);
    // A client that has expected something may send its body or not: what comes next can't be told from the next request.
    const { expect } = raw.headers;
    if (expect !== undefined || lengthOf(raw) > SMALL_BYTES) void reply.header('Connection', 'close');
    const isText = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isText || method === 'HEAD') return done(null, payload);
    void reply.header('Content-Length', Buffer.byteLength(payload));
    done(null, Readable.from(whileDropping(raw, payload)));
  });
}

/** The bytes that a body announces: 0 without one, infinitely many where it doesn't say. */
export function lengthOf({ headers }: IncomingMessage): number {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
}

/** The answer, and its end when enough of the body has been dropped: Node closes the connection then. */
async function* whileDropping(request: IncomingMessage, answer: string | Buffer): AsyncGenerator<string | Buffer> {
  yield answer;
  await dropBody(request);
}

/** Resolves when the body has ended, or as much of it has been dropped, for as long, as is allowed. */
function dropBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = DROPPED_BYTES;
    const end = () => {
      clearTimeout(timer);
      request.pause();
      resolve();
    };
    const timer = setTimeout(end, DROPPING_MS);
    request.once('end', end).once('close', end);
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) end();
    });
  });
}
