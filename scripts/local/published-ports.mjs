/** The ports that a local run publishes. Uses nothing but Node. */
import { createServer } from 'node:net';

/** @import {Environment} from '../product/sandbox-env.mjs' */

/** By the variable that names it: the default, and what listens there. @type {Record<string, [port: string, of: string]>} */
export const PORTS = {
  PORT: ['8000', 'the API'],
  METRICS_PORT: ['9464', "the API's metrics"],
  WORKER_HEALTH_PORT: ['8081', "the worker's health and metrics"],
  SANDBOX_PORT: ['9200', 'the sandbox'],
};

/** @param {Environment} env @throws {Error} naming every port that is taken */
export async function refuseTakenPorts(env) {
  const problems = await Promise.all(
    Object.entries(PORTS).map(async ([name, [, of]]) => {
      if (!isPort(Number(env[name]))) return [`${name} must be a port number: ${of} is to listen there.`];
      const reason = await whyNotListen(Number(env[name]));
      return reason === null
        ? []
        : [`Port ${env[name]} ${reason}: ${of} needs it. Free it, or set ${name} to another.`];
    }),
  );
  if (problems.flat().length > 0) throw new Error(problems.flat().join('\n'));
}

/** @param {number} port */
const isPort = (port) => Number.isInteger(port) && port > 0 && port < 65_536;

/**
 * @param {number} port
 * @returns {Promise<string | null>} why the port can't be listened on, null if it can
 */
function whyNotListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      resolve(error.code === 'EADDRINUSE' ? 'is taken' : `can't be listened on (${error.code ?? error.message})`),
    );
    server.listen(port, () => server.close(() => resolve(null)));
  });
}
