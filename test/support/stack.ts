import { randomBytes } from 'node:crypto';
import { freePort } from '../../scripts/services/ports.mjs';
import { type ManagedProcess, Processes } from '../../scripts/services/processes.mjs';
import { type App, startApp, untilReady } from '../../scripts/product/apps.mjs';
import { withSandbox } from '../../scripts/product/sandbox-env.mjs';
import { HttpClient } from './http/http-client.js';
import type { Pooler } from './deployments/pooler.js';
import { leaksIn } from './privacy/leaks.js';
import { createTestDatabase, type TestDatabase, type TestRedis, testRedis } from './services.js';

type Exit = Awaited<ManagedProcess['exited']>;
type Environment = Record<string, string>;

/** What a stack consists of. */
export interface StackOptions {
  /** API replicas, 1 unless given. */
  apis?: number;
  /** Workers, 1 unless given. */
  workers?: number;
  /** Whether the sandbox runs and the product uses it; true unless given. */
  sandbox?: boolean;
  /** Variables for all processes, which override the defaults. */
  env?: Environment;
  /** A pooler between the processes and their database; none unless given. */
  pooler?: Pooler;
  /** Changes the migrated database, before any process starts; nothing unless given. */
  prepare?: (database: TestDatabase) => Promise<void>;
  /** The folder that holds the `dist` to start from; the project's own unless given. */
  buildFolder?: string;
}

/** One process of the built product, on ports of its own, which it keeps when it is restarted. */
export class StackProcess {
  /** Every line that it has logged, also before restarts. */
  readonly log: string[] = [];
  private child: ManagedProcess;

  constructor(
    private readonly processes: Processes,
    readonly app: App,
    private env: Environment,
    private readonly buildFolder: string | undefined,
  ) {
    this.child = this.launch();
  }

  /** The variables that it was started with last. */
  get environment(): Readonly<Environment> {
    return this.env;
  }

  /** Its address: for clients in the case of the API and the sandbox, for operators in that of the worker. */
  get url(): string {
    const port = { api: 'PORT', worker: 'WORKER_HEALTH_PORT', sandbox: 'SANDBOX_PORT' }[this.app];
    return `http://127.0.0.1:${this.env[port]}`;
  }

  /** The address of the metrics of an API or a worker. */
  get metricsUrl(): string {
    return this.app === 'api' ? `http://127.0.0.1:${this.env['METRICS_PORT']}/metrics` : `${this.url}/metrics`;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resolves when the process that runs now has ended. */
  get ended(): Promise<Exit> {
    return this.child.exited;
  }

  /** Resolves when it is ready; rejects with the end of its log when it ends before. */
  async ready(): Promise<this> {
    await untilReady(this.child, this.app, this.env);
    return this;
  }

  /** Sends a signal. Resolves at once after SIGSTOP and SIGCONT, after all others when the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    this.child.kill(signal);
    return signal === 'SIGSTOP' || signal === 'SIGCONT' ? undefined : this.child.exited;
  }

  /** Ends it if it still runs, starts it again and waits until it is ready. */
  async restart(env: Environment = {}): Promise<this> {
    await this.relaunch(env);
    return this.ready();
  }

  /** As {@link restart}, for a process that may never get ready. */
  async relaunch(env: Environment = {}): Promise<void> {
    await this.child.stop();
    this.env = { ...this.env, ...env };
    this.child = this.launch();
  }

  private launch(): ManagedProcess {
    return startApp(this.processes, this.app, this.env, (line) => this.log.push(line), this.buildFolder);
  }
}

/** The whole product, as processes, with a database and a Redis of its own. Stop it after the tests. */
export class Stack {
  readonly apis: StackProcess[] = [];
  readonly workers: StackProcess[] = [];
  sandbox: StackProcess | null = null;

  constructor(
    readonly database: TestDatabase,
    readonly redis: TestRedis,
    private readonly processes: Processes,
    private readonly env: Environment,
    private readonly buildFolder?: string,
  ) {}

  /** The first API's address. */
  get url(): string {
    return this.api().url;
  }

  get sandboxUrl(): string {
    if (this.sandbox === null) throw new Error('This stack has no sandbox.');
    return this.sandbox.url;
  }

  /** @param index which replica; the first unless given */
  api(index = 0): StackProcess {
    return existing(this.apis[index]);
  }

  /** @param index which worker; the first unless given */
  worker(index = 0): StackProcess {
    return existing(this.workers[index]);
  }

  /** A client of the first API, without a token. */
  get http(): HttpClient {
    return new HttpClient(this.url);
  }

  /** Adds a process and waits until it is ready. */
  async add(app: App, env: Environment = {}): Promise<StackProcess> {
    const ownEnv = { ...this.env, ...(await freePorts(app)), ...env };
    const added = new StackProcess(this.processes, app, ownEnv, this.buildFolder);
    if (app === 'api') this.apis.push(added);
    if (app === 'worker') this.workers.push(added);
    if (app === 'sandbox') this.sandbox = added;
    return added.ready();
  }

  /** The logs of all processes, one after the other. */
  logs(): string {
    return [this.sandbox, ...this.apis, ...this.workers]
      .filter((each) => each !== null)
      .map((each) => `── ${each.app} ${each.pid} ──\n${each.log.join('\n')}`)
      .join('\n');
  }

  /**
   * Ends all processes and removes the database.
   * @throws Error when the product has logged private data in any test
   */
  async stop(): Promise<void> {
    await this.processes.stop();
    await this.database.drop();
    const leaks = [...this.apis, ...this.workers].flatMap(({ log }) => leaksIn(log.join('\n')));
    if (leaks.length > 0) throw new Error(`The product has logged\n${leaks.join('\n')}`);
  }
}

/** Ports for one more process. */
async function freePorts(app: App): Promise<Environment> {
  const variables = { api: ['PORT', 'METRICS_PORT'], worker: ['WORKER_HEALTH_PORT'], sandbox: ['SANDBOX_PORT'] }[app];
  return Object.fromEntries(
    await Promise.all(variables.map(async (name) => [name, String(await freePort())] as const)),
  );
}

function existing(process: StackProcess | undefined): StackProcess {
  if (process === undefined) throw new Error('This stack has no such process.');
  return process;
}

/**
 * Starts the product from `dist/` (build it first) on free ports, and waits until all of it is ready. Needs
 * `DATABASE_URL`, `REDIS_HOST` and `REDIS_PORT`, which Jest's global setup provides.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { apis = 1, workers = 1, sandbox = true, env = {}, pooler, prepare, buildFolder } = options;
  const [database, redis, port, sandboxPort] = await Promise.all([
    createTestDatabase(),
    testRedis(),
    freePort(),
    freePort(),
  ]);
  await prepare?.(database);
  const own = {
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    ...environment(database, redis),
    ...through(pooler, database),
    ...env,
  };
  const stack = new Stack(database, redis, new Processes(), sandbox ? completed(own) : own, buildFolder);
  try {
    // The ports of the first API and of the sandbox are chosen beforehand, since the other processes need them.
    if (sandbox) await stack.add('sandbox', { SANDBOX_PORT: String(sandboxPort) });
    await Promise.all([
      ...times(apis, (index) => stack.add('api', index === 0 ? { PORT: String(port) } : {})),
      ...times(workers, () => stack.add('worker')),
    ]);
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Stops quickly and uses few connections, since several stacks share one server. */
function environment(database: TestDatabase, redis: TestRedis): Environment {
  return {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    DATABASE_URL: database.appUrl,
    DATABASE_POOL_SIZE: '10',
    REDIS_HOST: redis.host,
    REDIS_PORT: String(redis.port),
    REDIS_DB: String(redis.db),
    JWT_SECRET: randomBytes(32).toString('base64'),
    OTP_DELIVERY: 'response',
    OTP_RESEND_SECONDS: '0',
    ...compileCache(),
  };
}

/** What Node has compiled for the processes of other stacks, if the test run has a folder for that. */
function compileCache(): Environment {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

const through = (pooler: Pooler | undefined, database: TestDatabase): Environment =>
  pooler === undefined ? {} : { DATABASE_URL: pooler.url(database.url) };

function completed(env: Environment): Environment {
  return withSandbox(env, {
    sandboxUrl: `http://127.0.0.1:${env['SANDBOX_PORT']}`,
    apiUrl: `http://127.0.0.1:${env['PORT']}`,
    secrets: { jwt: randomBytes(32).toString('base64'), stripeWebhook: `whsec_${randomBytes(24).toString('base64')}` },
  });
}
