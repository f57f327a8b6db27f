/** What a bench needs: services, the built product, the baseline, and users with rooms. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { freePort } from '../scripts/services/ports.mjs';
import { createDatabase, startPostgres } from '../scripts/services/postgres.mjs';
import { Processes, untilHealthy } from '../scripts/services/processes.mjs';
import { startApp, untilReady } from '../scripts/product/apps.mjs';
import { withSandbox } from '../scripts/product/sandbox-env.mjs';
import { provideRedis, startRedis } from '../scripts/services/redis.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const CONCURRENCY = '100';

/** @typedef {{token: string, userId: string, rooms: string[]}} Person */

export class BenchEnv {
  /** @param {Processes} processes @param {Record<string, string>} env @param {string} databaseUrl */
  constructor(processes, env, databaseUrl) {
    this.processes = processes;
    this.env = env;
    this.database = new pg.Pool({ connectionString: databaseUrl, max: 4 });
    this.redis = new Redis({ host: env['REDIS_HOST'], port: Number(env['REDIS_PORT']) });
    this.product = `http://127.0.0.1:${env['PORT']}`;
    this.sandbox = `http://127.0.0.1:${env['SANDBOX_PORT']}`;
    this.baseline = '';
    this.apiPid = 0;
  }

  /** Starts everything with the settings of production. @returns {Promise<BenchEnv>} */
  static async start() {
    await execa(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' });
    const processes = new Processes();
    const folder = await mkdtemp(join(tmpdir(), 'chat-bench-'));
    processes.removeAtEnd(folder);
    const [postgresPort, redisPort] = [await freePort(), await freePort()];
    const postgres = await startPostgres(processes, {
      folder: join(folder, 'postgres'),
      port: postgresPort,
      password: randomUUID(),
    });
    await createDatabase(postgres, 'bench');
    const program = await provideRedis(() => undefined);
    await startRedis(processes, { program, folder: join(folder, 'redis'), port: redisPort, durable: true });
    const databaseUrl = postgres.url('bench');
    await execa(process.execPath, ['prisma/migrate.mjs'], { cwd: root, env: { DATABASE_URL: databaseUrl } });
    const bench = new BenchEnv(processes, await environment(databaseUrl, redisPort), databaseUrl);
    await bench.#startProcesses();
    return bench;
  }

  async #startProcesses() {
    for (const app of /** @type {const} */ (['sandbox', 'api', 'worker'])) {
      const child = startApp(this.processes, app, this.env);
      await untilReady(child, app, this.env);
      if (app === 'api') this.apiPid = child.pid ?? 0;
    }
    await this.database.query(
      `CREATE TABLE baseline_message (id uuid PRIMARY KEY, room uuid NOT NULL, role text NOT NULL, content text NOT NULL,
         created_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz);
       CREATE INDEX ON baseline_message (room, id)`,
    );
    const [apiPort, workerPort] = [await freePort(), await freePort()];
    await this.#startBaseline('api', { PORT: String(apiPort) }, `http://127.0.0.1:${apiPort}/rooms/none`);
    await this.#startBaseline('worker', { WORKER_HEALTH_PORT: String(workerPort) }, `http://127.0.0.1:${workerPort}/`);
    this.baseline = `http://127.0.0.1:${apiPort}`;
  }

  /** @param {'api' | 'worker'} role @param {Record<string, string>} ports @param {string} health */
  async #startBaseline(role, ports, health) {
    const env = { PATH: process.env['PATH'] ?? '', ...this.env, ...ports, BASELINE: role };
    const options = {
      name: `baseline ${role}`,
      command: process.execPath,
      args: ['bench/baseline.mjs'],
      cwd: root,
      env,
    };
    await untilHealthy(this.processes.start(options), health);
  }

  /** Creates a user on Pro with rooms. @param {number} rooms @returns {Promise<Person>} */
  async person(rooms) {
    const phone = `+1415${String(2_000_000 + Math.floor(Math.random() * 7_999_999))}`;
    await this.call('POST', '/auth/signup', { phone });
    const { challengeId, otp } = await this.call('POST', '/auth/send-otp', { phone });
    const { accessToken, user } = await this.call('POST', '/auth/verify-otp', { challengeId, otp });
    await this.database.query(
      `INSERT INTO subscription (user_id, stripe_customer_id, status, plan) VALUES ($1, $2, 'active', 'pro')`,
      [user.id, `cus_${user.id}`],
    );
    const opened = [];
    for (let i = 0; i < rooms; i++) {
      opened.push((await this.call('POST', '/chatroom', { title: `Room ${i}` }, accessToken)).id);
    }
    return { token: accessToken, userId: user.id, rooms: opened };
  }

  /** Fills a room of each side with fifty messages. @param {string} room */
  async fill(room) {
    const ids = Array.from({ length: 50 }, () => uuidv7());
    const text = 'A message of about the length that people write to each other, which is short. ';
    await this.database.query(
      `INSERT INTO message (id, chatroom_id, seq, role, status, content, created_at, completed_at, reply_to)
       SELECT id, $2, n, CASE n % 2 WHEN 1 THEN 'user' ELSE 'bot' END::message_role, 'completed', $3, now(), now(), NULL
       FROM unnest($1::uuid[]) WITH ORDINALITY AS row (id, n)`,
      [ids, room, text],
    );
    await this.database.query('UPDATE chatroom SET last_seq = 50 WHERE id = $1', [room]);
    await this.database.query(
      `INSERT INTO baseline_message (id, room, role, content, done_at) SELECT id, $2, 'user', $3, now() FROM unnest($1::uuid[]) id`,
      [ids, room, text],
    );
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {string} [token] @returns {Promise<any>} */
  async call(method, path, body, token, base = this.product) {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  async stop() {
    this.redis.disconnect();
    await this.database.end();
    await this.processes.stop();
  }
}

/** @param {string} databaseUrl @param {number} redisPort @returns {Promise<Record<string, string>>} */
async function environment(databaseUrl, redisPort) {
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const [api, metrics, worker, sandbox] = ports.map(String);
  const own = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redisPort),
    REDIS_DB: '0',
    HOST: '127.0.0.1',
    PORT: api ?? '',
    METRICS_PORT: metrics ?? '',
    WORKER_HEALTH_PORT: worker ?? '',
    SANDBOX_PORT: sandbox ?? '',
    OTP_RESEND_SECONDS: '0',
    WORKER_CONCURRENCY: CONCURRENCY,
    STREAMS_PER_USER: '5000',
    // The limits stay on, but never refuse: what they cost is part of the measure.
    RATE_LIMIT_SIGNUP_PER_MINUTE: '1000000',
    RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
    RATE_LIMIT_ANONYMOUS_PER_MINUTE: '1000000',
    RATE_LIMIT_SEND_PER_MINUTE: '1000000',
    RATE_LIMIT_WRITE_PER_MINUTE: '1000000',
    RATE_LIMIT_CHECKOUT_PER_MINUTE: '1000000',
    RATE_LIMIT_READ_PER_MINUTE: '1000000',
  };
  return withSandbox(own, {
    sandboxUrl: `http://127.0.0.1:${sandbox}`,
    apiUrl: `http://127.0.0.1:${api}`,
    secrets: { jwt: randomBytes(32).toString('base64'), stripeWebhook: `whsec_${randomBytes(24).toString('base64')}` },
  });
}
