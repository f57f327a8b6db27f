/** The environment of the local run that is under way, for commands beside it. Uses nothing but Node. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DATA } from './settings.mjs';

/** @import {Environment} from '../product/sandbox-env.mjs' */

const FILE = `${DATA}running.json`;

/** @param {Environment} env of the product's processes, with their secrets */
export function rememberRun(env) {
  mkdirSync(DATA, { recursive: true });
  writeFileSync(FILE, JSON.stringify(env), { mode: 0o600 });
}

/** To be called when the run ends. */
export function forgetRun() {
  rmSync(FILE, { force: true });
}

/** @returns {Environment | null} of the run that is under way; null: there is none */
export const runningEnvironment = () => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : null);
