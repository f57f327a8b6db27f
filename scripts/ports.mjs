/** TCP ports of this machine. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import getPort from 'get-port';

/**
 * @param {number} [preferred]
 * @returns {Promise<number>} a free port, the preferred one if it is free
 */
export function freePort(preferred) {
  // At random and below the range that outgoing connections use: others look for ports at the same time.
  const candidates = Array.from({ length: 20 }, () => randomInt(10_000, 32_000));
  return getPort({ port: preferred === undefined ? candidates : [preferred, ...candidates] });
}

/**
 * @param {number} port
 * @returns {Promise<string | null>} why the port can't be listened on, null if it can
 */
export function whyNotListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      resolve(error.code === 'EADDRINUSE' ? 'is taken' : `can't be listened on (${error.code ?? error.message})`),
    );
    server.listen(port, () => server.close(() => resolve(null)));
  });
}
