/** What a benchmark needs: services, the built product, the baselines, and users with rooms. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startApp, untilReady } from '../../scripts/product/apps.mjs';
import { freePort } from '../../scripts/services/ports.mjs';
import { createDatabase, startPostgres } from '../../scripts/services/postgres.mjs';
import { Processes, untilHealthy } from '../../scripts/services/processes.mjs';
import { provideRedis, startRedis } from '../../scripts/services/redis.mjs';
import { BARE_TABLES, NECESSARY_TABLES } from '../baseline/schema.mjs';
import { environment, freshPorts } from './environment.mjs';
import { bareSide, necessarySide, productSide } from './sides.mjs';

/** @import {ManagedProcess} from '../../scripts/services/processes.mjs' */
/** @import {Side, SideName} from './sides.mjs' */

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The baselines' programs. @type {Record<'necessary' | 'bare', Record<'api' | 'worker', string>>} */
const PROGRAMS = {
  necessary: { api: 'bench/baseline/necessary-api.mjs', worker: 'bench/baseline/necessary-worker.mjs' },
  bare: { api: 'bench/baseline/bare.mjs', worker: 'bench/baseline/bare.mjs' },
};

/** @typedef {{token: string, userId: string, rooms: string[]}} Person the first room has fifty messages */

export class BenchEnv {
  /** @type {Record<SideName, Side>} */
  sides = /** @type {Record<SideName, Side>} */ ({});
  /** The product's worker that runs now. @type {ManagedProcess | null} */
  #worker = null;

  /**
   * @param {Processes} processes
   * @param {Record<string, string>} env
   * @param {{databaseUrl: string, folder: string, postgresPid: number, redisPid: number}} services
   */
  constructor(processes, env, { databaseUrl, folder, postgresPid, redisPid }) {
    this.processes = processes;
    this.env = env;
    this.folder = folder;
    this.postgresPid = postgresPid;
    this.redisPid = redisPid;
    this.database = new pg.Pool({ connectionString: databaseUrl, max: 4 });
    this.redis = new Redis({ host: env['REDIS_HOST'], port: Number(env['REDIS_PORT']) });
    this.product = `http://127.0.0.1:${env['PORT']}`;
    this.sandbox = `http://127.0.0.1:${env['SANDBOX_PORT']}`;
  }

  /** Starts everything with the settings of production. @param {(line: string) => void} note @returns {Promise<BenchEnv>} */
  static async start(note) {
    note('Building the product, if it is not built yet');
    await execa(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' });
    note('Starting PostgreSQL, Redis, the product and the baselines');
    const processes = new Processes();
    const folder = await mkdtemp(join(tmpdir(), 'chat-bench-'));
    processes.removeAtEnd(folder);
    try {
      const [postgresPort, redisPort] = [await freePort(), await freePort()];
      const postgres = await startPostgres(processes, {
        folder: join(folder, 'postgres'),
        port: postgresPort,
        password: randomUUID(),
        settings: { shared_preload_libraries: 'pg_stat_statements', max_wal_size: '4GB' },
      });
      await createDatabase(postgres, 'bench');
      const program = await provideRedis(note);
      const redis = await startRedis(processes, {
        program,
        folder: join(folder, 'redis'),
        port: redisPort,
        durable: true,
      });
      const databaseUrl = postgres.url('bench');
      await execa(process.execPath, ['prisma/migrate.mjs'], { cwd: root, env: { DATABASE_URL: databaseUrl } });
      const env = await environment({ databaseUrl, redisPort, root, folder });
      const bench = new BenchEnv(processes, env, {
        databaseUrl: await ownDatabaseUrl(databaseUrl),
        folder,
        postgresPid: postgres.process.pid ?? 0,
        redisPid: redis.pid ?? 0,
      });
      await bench.#startProcesses();
      return bench;
    } catch (error) {
      await processes.stop();
      throw error;
    }
  }

  async #startProcesses() {
    await this.database.query(BARE_TABLES + NECESSARY_TABLES);
    const apps = /** @type {const} */ (['sandbox', 'api', 'worker']).map((app) => this.startProduct(app, {}));
    const [product, necessary, bare] = [
      await Promise.all(apps),
      await this.startBaseline('necessary'),
      await this.startBaseline('bare'),
    ];
    const [, api, worker] = product;
    this.#worker = worker ?? null;
    this.sides = {
      product: productSide(this, { url: this.product, apiPid: api?.pid ?? 0, workerPid: worker?.pid ?? 0 }),
      necessary: necessarySide(this, necessary),
      bare: bareSide(this, bare),
    };
  }

  /**
   * Starts one process of the product and waits until it is ready.
   *
   * @param {'sandbox' | 'api' | 'worker'} app
   * @param {Record<string, string>} settings what differs from the environment of all
   * @returns {Promise<ManagedProcess>}
   */
  async startProduct(app, settings) {
    const env = { ...this.env, ...settings };
    const child = startApp(this.processes, app, env);
    await untilReady(child, app, env);
    return child;
  }

  /** Where the product's worker has its metrics. */
  get workerOperations() {
    return `http://127.0.0.1:${this.env['WORKER_HEALTH_PORT']}`;
  }

  /** Ends the product's worker and starts one with other settings in its place. @param {Record<string, string>} settings */
  async replaceWorker(settings) {
    await this.#worker?.stop();
    this.#worker = await this.startProduct('worker', settings);
    this.sides.product.workerPid = this.#worker.pid ?? 0;
  }

  /** @param {'necessary' | 'bare'} side */
  async startBaseline(side) {
    const api = await this.startBaselineProcess(side, 'api');
    const worker = await this.startBaselineProcess(side, 'worker');
    return { url: api.url, apiPid: api.child.pid ?? 0, workerPid: worker.child.pid ?? 0 };
  }

  /** @param {'necessary' | 'bare'} side @param {'api' | 'worker'} role */
  async startBaselineProcess(side, role) {
    const ports = await freshPorts();
    const env = { PATH: process.env['PATH'] ?? '', ...this.env, ...ports, ROLE: role };
    const args = ['--max-semi-space-size=16', PROGRAMS[side][role]];
    const child = this.processes.start({ name: `${side} ${role}`, command: process.execPath, args, cwd: root, env });
    const url = `http://127.0.0.1:${role === 'api' ? ports['PORT'] : ports['WORKER_HEALTH_PORT']}`;
    await untilHealthy(child, `${url}/health`);
    return { child, url };
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {string} [token] @returns {Promise<any>} */
  async call(method, path, body, token, base = this.product) {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  /** Has the sandbox answer a prompt in a certain way. @param {string} prompt @param {Record<string, unknown>} behaviour */
  async answerTo(prompt, behaviour) {
    const rule = { match: { promptIs: prompt }, behaviours: [{ type: 'answer', ...behaviour }] };
    await this.call('POST', '/control/gemini/rules', rule, undefined, this.sandbox);
  }

  /** Waits until a side has answered everything but so many replies that stay queued. @param {Side} side */
  async drained(side, standing = 0) {
    while ((await side.unfinished()) > standing) await pause(100);
  }

  async stop() {
    this.redis.disconnect();
    await this.database.end();
    await this.processes.stop();
  }
}

/** A login of the benchmark's own, so that its statements can be told from those under measurement. @param {string} databaseUrl */
async function ownDatabaseUrl(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const password = randomUUID();
    await client.query(`CREATE EXTENSION pg_stat_statements; CREATE ROLE bench LOGIN SUPERUSER PASSWORD '${password}'`);
    return Object.assign(new URL(databaseUrl), { username: 'bench', password }).href;
  } finally {
    await client.end();
  }
}
