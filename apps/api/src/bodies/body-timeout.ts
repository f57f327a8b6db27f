import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { lengthOf } from '../unread-body.js';

/** No upload takes longer: after twice as long its bytes would be removed. A line of 12 KB/s brings 20 MiB in this time. */
export const MAX_UPLOAD_MS = 30 * 60_000;

/** As Node tells it, whose own timeout holds for whole requests of any kind alike. */
const tooSlow = () =>
  Object.assign(new Error('The request took too long to arrive'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

/**
 * Ends requests whose bodies do not arrive in time. Where a file is taken, something of it has to arrive in each such span of time.
 * After the hooks that ask who sends it: until then a body has the time of any other.
 *
 * @param timeoutMs from the head of a request to the end of its body
 */
export function limitBodyTime(fastify: FastifyInstance, timeoutMs: number): void {
  const { server } = fastify as unknown as { server: Server };
  const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();
  const end = ({ complete, socket }: IncomingMessage) => complete || server.emit('clientError', tooSlow(), socket);
  const keep = (request: IncomingMessage, timer: NodeJS.Timeout) => {
    clearTimeout(timers.get(request));
    timers.set(request, timer.unref());
  };
  /** Where the process stood still, timers come before what has arrived meanwhile: that is read first. */
  const afterReading = (request: IncomingMessage, work: () => void) => {
    const timer = timers.get(request);
    setImmediate(() => timers.get(request) === timer && work());
  };
  // Before Fastify, so that it holds for what is no request of a route, too.
  server.prependListener('request', (request: IncomingMessage) => {
    if (lengthOf(request) === 0) return;
    keep(
      request,
      setTimeout(() => afterReading(request, () => end(request)), timeoutMs),
    );
    request.once('end', () => clearTimeout(timers.get(request)));
    request.once('close', () => clearTimeout(timers.get(request)));
  });
  fastify.addHook('preParsing', ({ raw, routeOptions }, _reply, payload, done) => {
    if (routeOptions.config.takesFile === true && lengthOf(raw) > 0) {
      let soFar = raw.socket.bytesRead;
      const look = () => {
        const { bytesRead } = raw.socket;
        // What waits to be read has arrived: it is the store that is slow then, not the sender, who has a whole span after it.
        const isRead = raw.readableLength === 0;
        if (isRead && bytesRead === soFar) end(raw);
        soFar = isRead ? bytesRead : NaN;
      };
      keep(
        raw,
        setInterval(() => afterReading(raw, look), timeoutMs),
      );
    }
    done(null, payload);
  });
}
