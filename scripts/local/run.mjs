/** The whole product on this machine, until it is told to end or a part of it ends. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describeRun } from './description.mjs';
import { LocalLog } from './log.mjs';
import { forgetRun, rememberRun } from './running.mjs';
import { DATA, readSecrets, readSettings } from './settings.mjs';
import { freePort } from '../services/ports.mjs';
import { createDatabase, startPostgres } from '../services/postgres.mjs';
import { Processes } from '../services/processes.mjs';
import { startApp, untilReady } from '../product/apps.mjs';
import { runSteps } from '../services/progress.mjs';
import { provideRedis, startRedis } from '../services/redis.mjs';
import { watchSources } from './source-watcher.mjs';
import { usesSandbox, withSandbox } from '../product/sandbox-env.mjs';

/** @import {App} from '../product/apps.mjs' */
/** @import {Environment} from '../product/sandbox-env.mjs' */
/** @import {ManagedProcess} from '../services/processes.mjs' */

const root = fileURLToPath(new URL('../..', import.meta.url));
const DATABASE = 'gemini_chat';

/** @type {App[]} */
const PRODUCT = ['api', 'worker'];

/**
 * @param {{reload: boolean, shutdown: AbortSignal}} options `reload` builds and restarts when a source changes
 * @throws {Error} when the run can't begin, or a part of it ends; the reason of the shutdown when that ends it
 */
export async function runLocally({ reload, shutdown }) {
  const run = new LocalRun(shutdown);
  try {
    await Promise.race([run.begin(), run.over]);
    console.log(describeRun(run.env));
    run.log.show();
    if (reload) watchSources(shutdown, () => run.rebuild());
    await run.over;
  } finally {
    run.log.hide();
    console.log('\nStopping ...');
    await run.end();
  }
}

/** One local run. */
class LocalRun {
  log = new LocalLog(`${DATA}logs/`);
  /** Complete after the beginning. @type {Environment} */
  env;
  /** Rejects with the reason why the run has to end. @type {Promise<never>} */
  over;
  #secrets = readSecrets();
  #processes = new Processes();
  /** What is meant to run. @type {Map<string, ManagedProcess>} */
  #parts = new Map();
  /** @type {(reason: Error) => void} */
  #finish = () => undefined;
  #shutdown;

  /** @param {AbortSignal} shutdown */
  constructor(shutdown) {
    this.#shutdown = shutdown;
    const settings = readSettings();
    this.env = withSandbox(settings, {
      sandboxUrl: `http://127.0.0.1:${settings['SANDBOX_PORT']}`,
      apiUrl: `http://127.0.0.1:${settings['PORT']}`,
      secrets: this.#secrets,
    });
    this.over = new Promise((_, reject) => (this.#finish = reject));
    // A rejection before anything awaits it is no unhandled one.
    this.over.catch(() => undefined);
    shutdown.addEventListener('abort', () => this.#finish(/** @type {Error} */ (shutdown.reason)));
  }

  /** Starts everything, and returns when all of it is ready. */
  async begin() {
    const { DATABASE_URL } = this.env;
    const groundwork = [
      { title: DATABASE_URL ? 'PostgreSQL: that of DATABASE_URL' : 'PostgreSQL', work: () => this.#providePostgres() },
      { title: this.#hasRedis ? 'Redis: that of the environment' : 'Redis', work: this.#provideRedis.bind(this) },
      { title: 'Build', work: () => this.#script('scripts/build.mjs', '--if-stale') },
    ];
    await runSteps(groundwork, { concurrent: true });
    rememberRun(this.env);
    const start = (/** @type {App} */ app) => ({ title: TITLES[app], work: () => this.#start(app) });
    const migrations = { title: 'Migrations', work: () => this.#script('prisma/migrate.mjs') };
    await runSteps([migrations, ...this.#sandbox().map(start)], { concurrent: true });
    await runSteps(PRODUCT.map(start), { concurrent: true });
  }

  /** Ends everything that was started. */
  async end() {
    forgetRun();
    this.#parts.clear();
    await this.#processes.stop();
  }

  /** Builds and restarts; if the build fails, what runs goes on. */
  async rebuild() {
    console.log('A source has changed: building ...');
    try {
      await this.#script('scripts/build.mjs', '--if-stale');
      await this.#script('prisma/migrate.mjs');
    } catch (error) {
      console.error(`${/** @type {Error} */ (error).message}\nWhat ran before goes on.`);
      return;
    }
    try {
      const apps = [...this.#sandbox(), ...PRODUCT];
      for (const app of apps.toReversed()) await this.#stop(app);
      for (const app of apps) await this.#start(app);
      console.log('Restarted.');
    } catch (error) {
      this.#finish(/** @type {Error} */ (error));
    }
  }

  /** @returns {App[]} */
  #sandbox() {
    return usesSandbox(this.env) ? ['sandbox'] : [];
  }

  async #providePostgres() {
    if (this.env['DATABASE_URL']) return;
    const postgres = await startPostgres(this.#processes, {
      folder: `${DATA}postgres`,
      port: await freePort(5433),
      password: this.#secrets.postgres,
      onLine: this.log.fileOf('postgres'),
    });
    this.#watch('postgres', postgres.process);
    await createDatabase(postgres, DATABASE);
    this.env['DATABASE_URL'] = postgres.url(DATABASE);
  }

  /** Whether the environment names a Redis. */
  get #hasRedis() {
    return ['REDIS_HOST', 'REDIS_URL', 'REDIS_SENTINELS'].some((name) => this.env[name]);
  }

  /** @param {(line: string) => void} report */
  async #provideRedis(report) {
    if (this.#hasRedis) return;
    const program = await provideRedis(report);
    const port = await freePort(6380);
    const onLine = this.log.fileOf('redis');
    const redis = await startRedis(this.#processes, { program, folder: `${DATA}redis`, port, durable: true, onLine });
    this.#watch('redis', redis);
    // What is set for another Redis, such as docker-compose's password, doesn't hold for this one.
    for (const name of Object.keys(this.env)) if (name.startsWith('REDIS_')) delete this.env[name];
    Object.assign(this.env, { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) });
  }

  /** @param {App} app */
  async #start(app) {
    this.#shutdown.throwIfAborted();
    const child = startApp(this.#processes, app, this.env, this.log.printerOf(app));
    this.#watch(app, child);
    await untilReady(child, app, this.env);
  }

  /** @param {App} app */
  async #stop(app) {
    const child = this.#parts.get(app);
    this.#parts.delete(app);
    await child?.stop();
  }

  /** Makes the end of a part the end of the run, unless the part isn't wanted any more. @param {string} name @param {ManagedProcess} child */
  #watch(name, child) {
    this.#parts.set(name, child);
    void child.exited.then(() => {
      if (this.#parts.get(name) === child) this.#finish(new Error(child.describeExit()));
    });
  }

  /** Runs one of our scripts to its end. @param {...string} args @throws {Error} with what it said, when it fails */
  async #script(...args) {
    const { failed, all } = await execa(process.execPath, args, {
      cwd: root,
      env: this.env,
      all: true,
      reject: false,
      cancelSignal: this.#shutdown,
    });
    if (failed) throw new Error(all);
  }
}

/** @type {Record<App, string>} */
const TITLES = { sandbox: 'Sandbox', api: 'API', worker: 'Worker' };
