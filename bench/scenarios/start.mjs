/** How soon a process is ready, what its start costs, and what it holds in memory when it rests. */
import { setTimeout as pause } from 'node:timers/promises';
import { startApp } from '../../scripts/product/apps.mjs';
import { freshPorts } from '../env/environment.mjs';
import { logIn } from '../env/people.mjs';
import { processorMs, residentKib } from '../measure/processor-time.mjs';
import { figuresOf } from './requests.mjs';

/** @import {ManagedProcess} from '../../scripts/services/processes.mjs' */
/** @import {Context} from './context.mjs' */

/** @typedef {{readyMs: number, bootMs: number, restMib: number, usedMib: number}} Start */

const APPS = /** @type {const} */ ([
  ['api', 'API', { port: 'PORT', path: '/health/ready' }],
  ['worker', 'Worker', { port: 'WORKER_HEALTH_PORT', path: '/health/ready' }],
]);

/** @param {Context} context */
export async function benchStart(context) {
  context.note('Start: one more process of each kind, several times');
  for (const [app, title, health] of APPS) {
    /** @type {Start[]} */
    const starts = [];
    for (let round = 0; round < context.options.rounds; round++)
      starts.push(await startOnce(context, app, health, round));
    const add = (/** @type {string} */ id, /** @type {string} */ what, unit = 'MiB', limit = 130) =>
      context.add({
        ...{ id: `start.${app}.${id}`, title: `${title}: ${what}`, unit, better: 'less' },
        figures: figuresOf({ product: starts }, (start) => start[/** @type {keyof Start} */ (id)]),
        ...(id === 'bootMs' ? {} : { goal: { of: 'product', limit } }),
      });
    add('readyMs', 'from start to ready', 'ms', 1_000);
    add('bootMs', 'processor time of it', 'ms');
    add('restMib', 'memory at rest');
    if (app === 'api') add('usedMib', 'memory after the first login');
  }
}

/**
 * @param {Context} context @param {'api' | 'worker'} app @param {{port: string, path: string}} health @param {number} round
 * @returns {Promise<Start>}
 */
async function startOnce(context, app, health, round) {
  const { bench } = context;
  const restMs = context.size(4_000, 200);
  const env = { ...bench.env, ...(await freshPorts()) };
  const begun = performance.now();
  const child = startApp(bench.processes, app, env);
  const pid = child.pid ?? 0;
  await untilAnswering(child, `http://127.0.0.1:${env[health.port]}${health.path}`);
  const readyMs = performance.now() - begun;
  const bootMs = processorMs(pid);
  await pause(restMs);
  const restMib = residentKib(pid) / 1024;
  if (app === 'api') {
    await logIn(bench, `+1415${String(6_000_000 + round)}`, `http://127.0.0.1:${env['PORT']}`);
    await pause(restMs / 2);
  }
  const usedMib = residentKib(pid) / 1024;
  await child.stop();
  return { readyMs, bootMs, restMib, usedMib };
}

/** Asks more often than those who only wait. @param {ManagedProcess} child @param {string} url */
async function untilAnswering(child, url) {
  for (;;) {
    if (child.exit !== null) throw new Error(child.describeExit());
    const response = await fetch(url).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await pause(5);
  }
}
