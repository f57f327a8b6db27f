/** TCP ports of this machine. */
import { randomInt } from 'node:crypto';
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
