import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The variables of a process, and no others. */
export type Environment = Record<string, string>;

/** Nothing that a process connects to by itself is reached from a test, and no port is taken. */
export const OUT_OF_REACH: Environment = {
  DATABASE_URL: 'postgresql://gemini_chat_app@127.0.0.1:1/gemini_chat',
  REDIS_URL: 'rediss://127.0.0.1:1/0',
  GEMINI_BASE_URL: 'https://127.0.0.1:1',
  STRIPE_API_BASE_URL: 'https://127.0.0.1:1',
  PORT: '0',
  METRICS_PORT: '0',
  WORKER_HEALTH_PORT: '0',
};

/** What a process says when its configuration is whole. */
export const STARTED = /"msg":"(?:Listening on port|Working; for operators)/;

/**
 * Starts a built process, and ends it as soon as it has said what it thinks of its configuration.
 *
 * @param app `api` or `worker`
 * @param env all of its variables
 * @returns what it has written; `STARTED` is in it when the configuration is whole
 */
export async function verdictOf(app: string, env: Environment): Promise<string> {
  const main = fileURLToPath(new URL(`../../../dist/${app}/main.js`, import.meta.url));
  const child = execa(process.execPath, [main], {
    env: { PATH: process.env['PATH'], ...env },
    extendEnv: false,
    all: true,
    reject: false,
    timeout: 30_000,
  });
  let said = '';
  child.all.on('data', (text: Buffer) => {
    said += text.toString();
    if (STARTED.test(said)) child.kill('SIGKILL');
  });
  await child;
  return said;
}
