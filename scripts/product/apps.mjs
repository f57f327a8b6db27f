/** The product's processes, as `npm run build` left them in dist/. */
import { fileURLToPath } from 'node:url';
import { untilHealthy } from '../services/processes.mjs';

/** @import {ManagedProcess, Processes} from '../services/processes.mjs' */
/** @import {Environment} from './sandbox-env.mjs' */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {'api' | 'worker' | 'sandbox'} App */

/** Where each says how it is. @type {Record<App, (env: Environment) => string>} */
const HEALTH = {
  api: (env) => `http://127.0.0.1:${env['PORT']}/health/ready`,
  worker: (env) => `http://127.0.0.1:${env['WORKER_HEALTH_PORT']}/health/ready`,
  sandbox: (env) => `http://127.0.0.1:${env['SANDBOX_PORT']}/health`,
};

/**
 * As `npm run start:api` and the images have them. By its size the machine would decide how much memory young objects take, up to
 * 192 MB, all of which a download of a large account touches.
 */
const NODE_FLAGS = ['--max-semi-space-size=16'];

const API_SECRETS = ['JWT_SECRET', 'OTP_SECRET'].flatMap((name) => [name, `${name}_NEXT`, `${name}_PREVIOUS`]);

/** What a process must not even know. @type {Record<App, string[]>} */
const KEPT_FROM = {
  api: ['GEMINI_API_KEY'],
  worker: API_SECRETS,
  sandbox: ['DATABASE_URL', ...API_SECRETS],
};

/**
 * Starts one process of the product. It is given this environment and, of the parent's, only what every program needs.
 *
 * @param {Processes} processes
 * @param {App} app
 * @param {Environment} env whole and valid; names the ports
 * @param {(line: string) => void} [onLine] gets its log
 * @param {string} [folder] holds the `dist` to start from; the project's own unless given
 * @returns {ManagedProcess} which may not be ready yet
 */
export function startApp(processes, app, env, onLine, folder = root) {
  const own = Object.entries(env).filter(([name]) => !KEPT_FROM[app].includes(name.replace(/_FILE$/, '')));
  return processes.start({
    name: app,
    command: process.execPath,
    args: [...NODE_FLAGS, `dist/${app}/main.js`],
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...Object.fromEntries(own) },
    ...(onLine ? { onLine } : {}),
  });
}

/** Waits until a process is ready for work. @param {ManagedProcess} child @param {App} app @param {Environment} env */
export function untilReady(child, app, env) {
  return untilHealthy(child, HEALTH[app](env));
}
