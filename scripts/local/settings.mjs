/** The settings of a local run: the user's, completed with defaults and made secrets. Uses nothing but Node. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { PORTS } from './published-ports.mjs';

/** @import {Environment, Secrets} from '../product/sandbox-env.mjs' */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where a local run keeps everything. */
export const DATA = `${root}.data/`;

/** So that one sees an answer of the sandbox being written, in some four seconds. */
const READING_SPEED = '15';

/** @returns {Environment} the user's environment, completed from `.env` and by the ports; without what is blank */
export function readSettings() {
  const file = existsSync(`${root}.env`) ? parseEnv(readFileSync(`${root}.env`, 'utf8')) : {};
  const ports = Object.fromEntries(Object.entries(PORTS).map(([name, [port]]) => [name, port]));
  const local = { NODE_ENV: 'development', SANDBOX_GEMINI_TOKENS_PER_SECOND: READING_SPEED };
  const layers = [{ ...local, ...ports }, file, process.env];
  const set = layers.map((layer) => Object.entries(layer).filter(([, value]) => value !== undefined && value !== ''));
  return /** @type {Environment} */ (Object.fromEntries(set.flat()));
}

/** @returns {Secrets & {postgres: string}} made at the first run and kept, so that sessions survive a restart */
export function readSecrets() {
  const file = `${DATA}secrets.json`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const secrets = {
    jwt: randomBytes(32).toString('base64url'),
    stripeWebhook: `whsec_${randomBytes(24).toString('base64')}`,
    postgres: randomBytes(16).toString('hex'),
  };
  mkdirSync(DATA, { recursive: true });
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}
