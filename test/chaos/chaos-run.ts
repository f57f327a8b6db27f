import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { signUpAndLogIn } from '../support/login.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { ChaosClient } from './clients.js';
import { Faults } from './faults.js';
import { Oracle, type Verdict } from './oracle.js';
import { Random } from './random.js';
import { ChaosServices } from './services.js';

/** How long, how random, and what is deliberately broken. */
export interface ChaosOptions {
  seconds: number;
  seed: number;
  /** A safety of the engine that is switched off, to see whether the oracle notices. */
  switchOff?: 'sweep' | 'fence';
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
  /** Everything that all processes have logged. */
  logs: () => string;
}

const LEASE_MS = 2_000;
const PRO_CLIENTS = 16;
const BASIC_CLIENTS = 4;
const ROOMS_EACH = 2;

/** How long after the last fault everything has to be answered. */
const SETTLE_MS = 60_000;

/** The product under attack: two APIs, two workers, PostgreSQL, Redis without persistence, and twenty people. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const services = await ChaosServices.start();
  const stack = await startStack({ apis: 2, workers: 2, env: environment(services, options) });
  try {
    return await attack(services, stack, options);
  } finally {
    await stack.stop();
    await services.stop();
  }
}

async function attack(services: ChaosServices, stack: Stack, options: ChaosOptions): Promise<ChaosReport> {
  const random = new Random(options.seed);
  const clients = await gather(stack, services, random);
  const oracle = new Oracle(() => services.directUrl);
  const faults = new Faults(stack, services, random.fork(), LEASE_MS, options.only ?? null);
  const over = new AbortController();
  setMaxListeners(0, over.signal); // Every client listens.
  const progress = setInterval(() => options.onProgress?.(describe(clients, faults, options)), 1_000);
  try {
    const lives = clients.map((client) => client.live(over.signal));
    const rage = faults.rage(over.signal);
    await Promise.race([pause(options.seconds * 1_000), rage, ...lives]);
    over.abort();
    await Promise.all([rage, ...lives]);
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
    faults: Object.fromEntries([...faults.struck].sort()),
    missedPoints: faults.missedPoints,
    verdict: await oracle.judge(accepted),
    logs: () => stack.logs(),
  };
}

/** Everything is whole again; now every promise has to be kept. With a safety switched off it may never be. */
async function settle(oracle: Oracle, stack: Stack, { switchOff }: ChaosOptions): Promise<void> {
  await Promise.all([...stack.apis, ...stack.workers].map((process) => process.ready()));
  const withinMs = switchOff === undefined ? SETTLE_MS : 3 * LEASE_MS;
  await eventually(async () => (await oracle.unfinished()) === 0, { withinMs, everyMs: 500 }).catch(() => undefined);
  // What a frozen worker brings too late would come now.
  await pause(1_000);
}

/** People with accounts and rooms: most on Pro, some on Basic with a day's messages that they will use up. */
async function gather(stack: Stack, services: ChaosServices, random: Random): Promise<ChaosClient[]> {
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

function environment(services: ChaosServices, { switchOff }: ChaosOptions): Record<string, string> {
  return {
    ...services.env,
    REPLY_LEASE_MS: String(LEASE_MS),
    REPLY_RETRY_BASE_MS: '100',
    REPLY_MAX_ATTEMPTS: '3',
    BASIC_DAILY_MESSAGES: '25',
    LOG_LEVEL: 'warn',
    ...(switchOff === undefined ? {} : { FAULT_SWITCH_OFF: switchOff }),
  };
}

function describe(clients: ChaosClient[], faults: Faults, { seed }: ChaosOptions): string {
  const accepted = clients.reduce((sum, client) => sum + client.accepted.length, 0);
  const struck = [...faults.struck.values()].reduce((sum, count) => sum + count, 0);
  return `seed ${seed}: ${accepted} accepted, ${struck} faults`;
}
