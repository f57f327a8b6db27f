/** TCP ports of this machine. */
import { randomInt } from 'node:crypto';
import getPort from 'get-port';

/** Below the range that outgoing connections use. */
const FIRST = 10_000;
/** The range has a part for each worker of Jest, and one for all other processes. */
const PARTS = 8;
const PART = 2_750;

/**
 * @param {number} [preferred]
 * @returns {Promise<number>} a free port, the preferred one if it is free
 */
export function freePort(preferred) {
  // It takes seconds until a port that was chosen is in use. Meanwhile other workers of the same run look for some, in parts
  // of their own; in other runs, at random.
  const first = FIRST + (Number(process.env['JEST_WORKER_ID'] ?? 0) % PARTS) * PART;
  const candidates = Array.from({ length: 20 }, () => randomInt(first, first + PART));
  return getPort({ port: preferred === undefined ? candidates : [preferred, ...candidates] });
}
