/** The variables of the product under measurement. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withSandbox } from '../../scripts/product/sandbox-env.mjs';
import { freePort } from '../../scripts/services/ports.mjs';

/** The rate limits stay on, but never refuse: what they cost is part of the measure. */
const NO_REFUSALS = Object.fromEntries(
  ['SIGNUP', 'AUTH', 'ANONYMOUS', 'SEND', 'WRITE', 'CHECKOUT', 'READ'].map((kind) => [
    `RATE_LIMIT_${kind}_PER_MINUTE`,
    '1000000',
  ]),
);

/** Ports that no other process of the product listens on. @returns {Promise<Record<string, string>>} */
export async function freshPorts() {
  const [api, metrics, worker] = await Promise.all([freePort(), freePort(), freePort()]);
  return { PORT: String(api), METRICS_PORT: String(metrics), WORKER_HEALTH_PORT: String(worker) };
}

/** @param {{databaseUrl: string, redisPort: number, root: string, folder: string}} options @returns {Promise<Record<string, string>>} */
export async function environment({ databaseUrl, redisPort, root, folder }) {
  const [ports, sandbox] = await Promise.all([freshPorts(), freePort()]);
  const own = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redisPort),
    REDIS_DB: '0',
    HOST: '127.0.0.1',
    ...ports,
    SANDBOX_PORT: String(sandbox),
    ACCESS_TOKEN_SECONDS: '3600',
    OTP_RESEND_SECONDS: '0',
    WORKER_CONCURRENCY: '100',
    STREAMS_PER_USER: '20000',
    PLANS_FILE: await plansForLongAnswers(root, folder),
    ...NO_REFUSALS,
  };
  return withSandbox(own, {
    sandboxUrl: `http://127.0.0.1:${sandbox}`,
    apiUrl: `http://127.0.0.1:${ports['PORT']}`,
    secrets: { jwt: randomBytes(32).toString('base64'), stripeWebhook: `whsec_${randomBytes(24).toString('base64')}` },
  });
}

/** The plans that ship, with answers of any length. @param {string} root @param {string} folder */
async function plansForLongAnswers(root, folder) {
  const plans = JSON.parse(await readFile(join(root, 'plans.json'), 'utf8'));
  delete plans.$schema;
  plans.plans.pro.maxOutputTokens = 1_000_000;
  const path = join(folder, 'plans.json');
  await writeFile(path, JSON.stringify(plans));
  return path;
}
