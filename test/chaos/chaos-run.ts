import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { signUpAndLogIn } from '../support/login.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { type Breakage, BrokenBuild } from './broken-build.js';
import { ChaosClient } from './clients.js';
import { FaultInjector } from './fault-injector.js';
import { Oracle, type Verdict } from './oracle.js';
import { Random } from './random.js';
import { ChaosServices } from './services.js';

/** The length of a run, its seed, and what is broken on purpose. */
export interface ChaosOptions {
  seconds: number;
  seed: number;
  /** A guarantee that the tested build lacks, to see whether the oracle notices; unless given, the build is as it is. */
  breakBuild?: Breakage;
  /** The faults to choose from; all unless given. */
  only?: string[];
  /** Called about once a second. */
  onProgress?: (line: string) => void;
}

export interface ChaosReport {
  accepted: number;
  refused: number;
  faults: Record<string, number>;
  missedPoints: string[];
  verdict: Verdict;
  /** The log of all processes. */
  logs: () => string;
}

const LEASE_MS = 2_000;
const PRO_CLIENTS = 16;
const BASIC_CLIENTS = 4;
const ROOMS_EACH = 2;

/** How long after the last fault every reply has its outcome. */
const SETTLE_MS = 60_000;

/** Injects faults into two APIs, two workers, PostgreSQL and Redis without persistence while twenty users send messages. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const services = await ChaosServices.start();
  const build = options.breakBuild === undefined ? null : await BrokenBuild.create(options.breakBuild);
  try {
    const folder = build === null ? {} : { buildFolder: build.folder };
    const stack = await startStack({ apis: 2, workers: 2, env: environment(services), ...folder });
    try {
      return await underFaults(services, stack, options);
    } finally {
      await stack.stop();
    }
  } finally {
    await services.stop();
    await build?.remove();
  }
}

async function underFaults(services: ChaosServices, stack: Stack, options: ChaosOptions): Promise<ChaosReport> {
  const random = new Random(options.seed);
  const clients = await createClients(stack, services, random);
  const oracle = new Oracle(() => services.directUrl);
  const faults = new FaultInjector(stack, services, random.fork(), LEASE_MS, options.only ?? null);
  const over = new AbortController();
  setMaxListeners(0, over.signal); // Every client listens.
  const progress = setInterval(() => options.onProgress?.(describe(clients, faults, options)), 1_000);
  try {
    const sending = clients.map((client) => client.run(over.signal));
    const injecting = faults.run(over.signal);
    await Promise.race([pause(options.seconds * 1_000), injecting, ...sending]);
    over.abort();
    await Promise.all([injecting, ...sending]);
    await settle(oracle, stack, options);
  } finally {
    clearInterval(progress);
    over.abort();
    await oracle.stop();
  }
  const accepted = clients.flatMap((client) => client.accepted);
  return {
    accepted: accepted.length,
    refused: clients.reduce((sum, client) => sum + client.refused, 0),
    faults: Object.fromEntries([...faults.injected].sort()),
    missedPoints: faults.missedPoints,
    verdict: await oracle.judge(accepted),
    logs: () => stack.logs(),
  };
}

/** Waits, after the last fault, until every reply has its outcome. A broken build may never get there. */
async function settle(oracle: Oracle, stack: Stack, { breakBuild }: ChaosOptions): Promise<void> {
  await Promise.all([...stack.apis, ...stack.workers].map((process) => process.ready()));
  const withinMs = breakBuild === undefined ? SETTLE_MS : 3 * LEASE_MS;
  await eventually(async () => (await oracle.unfinished()) === 0, { withinMs, everyMs: 500 }).catch(() => undefined);
  // A worker that was frozen may still try to write.
  await pause(1_000);
}

/** Users with rooms: most on Pro, some on Basic, whose messages of the day are used up during the run. */
async function createClients(stack: Stack, services: ChaosServices, random: Random): Promise<ChaosClient[]> {
  const clients: ChaosClient[] = [];
  for (let i = 0; i < PRO_CLIENTS + BASIC_CLIENTS; i++) {
    const person = await signUpAndLogIn(stack.http);
    if (i < PRO_CLIENTS) await makePro(services.directUrl, person.id);
    const apis = stack.apis.map((api) => person.http.at(api.url));
    const client = new ChaosClient(`Client${i}`, apis, random.fork());
    await client.openRooms(ROOMS_EACH);
    clients.push(client);
  }
  return clients;
}

function environment(services: ChaosServices): Record<string, string> {
  return {
    ...services.env,
    REPLY_LEASE_MS: String(LEASE_MS),
    REPLY_RETRY_BASE_MS: '100',
    REPLY_MAX_ATTEMPTS: '3',
    BASIC_DAILY_MESSAGES: '25',
    LOG_LEVEL: 'warn',
  };
}

function describe(clients: ChaosClient[], faults: FaultInjector, { seed }: ChaosOptions): string {
  const accepted = clients.reduce((sum, client) => sum + client.accepted.length, 0);
  const injected = [...faults.injected.values()].reduce((sum, count) => sum + count, 0);
  return `seed ${seed}: ${accepted} accepted, ${injected} faults`;
}
