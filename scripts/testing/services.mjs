/** What tests need: a PostgreSQL with a migrated template, a Redis, and the built product. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { freePort } from '../services/ports.mjs';
import { NO_FSYNC, createDatabase, startPostgres } from '../services/postgres.mjs';
import { Processes } from '../services/processes.mjs';
import { provideRedis, startRedis } from '../services/redis.mjs';

/** @import {Step} from '../services/progress.mjs' */

const root = fileURLToPath(new URL('../..', import.meta.url));
const TEMPLATE = 'template_chat';

/** Counts the statements of each database: for the test of round trips. */
const COUNTING = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.max': '20000' };

/** Writes no log of what it builds, and sorts in memory: for the test that fills a database with a million messages. */
const BULK = { wal_level: 'minimal', max_wal_senders: '0', maintenance_work_mem: '256MB' };

/** The services of one test run. */
export class TestServices {
  /** The variables by which tests find what was started. @type {Record<string, string>} */
  env;
  #processes = new Processes();
  #folder;
  #signal;

  /** @param {string} folder @param {AbortSignal} [signal] */
  constructor(folder, signal) {
    this.#folder = folder;
    this.#signal = signal;
    this.#processes.removeAtEnd(folder);
    // The product's processes are started hundreds of times: Node compiles their code once, for all of them.
    this.env = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  }

  /** @param {AbortSignal} [signal] ends what a step is waiting for @returns {Promise<TestServices>} with nothing started yet */
  static async create(signal) {
    return new TestServices(await mkdtemp(join(tmpdir(), 'chat-test-')), signal);
  }

  /** Where the run may keep files. The folder is removed at the end. */
  get folder() {
    return this.#folder;
  }

  /** @type {Step} */
  get postgres() {
    return { title: 'PostgreSQL with a migrated template', work: () => this.#startPostgres() };
  }

  /** @type {Step} */
  get redis() {
    return { title: 'Redis', work: (report) => this.#startRedis(report) };
  }

  /** @type {Step} */
  get build() {
    return { title: 'Build', work: () => this.#script(['scripts/build.mjs', '--if-stale']) };
  }

  /** Ends everything that was started. */
  async stop() {
    await this.#processes.stop();
  }

  async #startPostgres() {
    const port = await freePort();
    const options = {
      folder: join(this.#folder, 'postgres'),
      port,
      password: randomUUID(),
      settings: { ...NO_FSYNC, ...COUNTING, ...BULK },
    };
    const postgres = await startPostgres(this.#processes, options);
    await createDatabase(postgres, TEMPLATE);
    await this.#script(['prisma/migrate.mjs'], { DATABASE_URL: postgres.url(TEMPLATE) });
    const [ownerPassword, appPassword] = [randomUUID(), randomUUID()];
    await this.#script(['prisma/roles.mjs'], {
      DATABASE_ADMIN_URL: postgres.url(TEMPLATE),
      DATABASE_OWNER_PASSWORD: ownerPassword,
      DATABASE_APP_PASSWORD: appPassword,
    });
    Object.assign(this.env, {
      DATABASE_URL: postgres.url('postgres'),
      TEST_TEMPLATE_DATABASE: TEMPLATE,
      TEST_OWNER_PASSWORD: ownerPassword,
      TEST_APP_PASSWORD: appPassword,
    });
  }

  /** @param {(line: string) => void} report */
  async #startRedis(report) {
    const [program, port] = [await provideRedis(report), await freePort()];
    await startRedis(this.#processes, { program, folder: join(this.#folder, 'redis'), port, durable: false });
    Object.assign(this.env, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) });
  }

  /** @param {string[]} args @param {Record<string, string>} [env] */
  async #script(args, env = {}) {
    const cancel = this.#signal ? { cancelSignal: this.#signal } : {};
    await execa(process.execPath, args, { cwd: root, env, all: true, ...cancel });
  }
}
