import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { GeminiControl } from '../support/gemini-sandbox.js';
import { signUpAndLogIn } from '../support/login.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';
import { type Breakage, BrokenBuild } from './broken-build.js';
import { ChaosClient, type ClientHabits, MIXED_DIRECTIVES } from './clients.js';
import { FaultInjector } from './fault-injector.js';
import type { KnownFiles } from './file-laws.js';
import { Oracle, type Verdict, type Watched } from './oracle.js';
import { chaosPlans, CONCURRENT_REPLIES, DEFAULT_MODEL, MODELS } from './plans.js';
import { Random } from './random.js';
import { apiKeyOf, seenCalls } from './seen-calls.js';
import { ChaosServices } from './services.js';
import { sweepFiles } from './stored-files.js';

/** The length of a run, its seed, and what is broken on purpose. */
export interface ChaosOptions {
  seconds: number;
  seed: number;
  /** Whether PgBouncer stands before PostgreSQL; it does not unless given. */
  pooler?: boolean;
  /** Guarantees that the tested build lacks, to see whether the oracle notices; unless given, the build is as it is. */
  breakBuild?: Breakage[];
  /** The faults to choose from; all unless given. */
  only?: string[];
  /** Called about once a second. */
  onProgress?: (line: string) => void;
}

export interface ChaosReport {
  accepted: number;
  /** How many of those have replaced an earlier question. */
  edited: number;
  /** How many of those have files. */
  withFiles: number;
  /** Files that were uploaded. */
  uploaded: number;
  refused: number;
  faults: Record<string, number>;
  /** Generating calls that the sandbox has received, by purpose. */
  calls: Record<string, number>;
  /** The longest time in which a user, but the one who has many queued, waited and got nothing. */
  longestWaitMs: number;
  missedPoints: string[];
  verdict: Verdict;
  /** The log of all processes. */
  logs: () => string;
}

const LEASE_MS = 2_000;
const PRO_CLIENTS = 16;
const BASIC_CLIENTS = 4;

/** Most users have more rooms than replies that may be written at once. */
const MIXED: ClientHabits = {
  models: MODELS,
  burst: 0,
  pauseMs: [50, 700],
  directives: MIXED_DIRECTIVES,
  isVersatile: true,
};

/** One always has dozens of messages queued, each of which takes seconds to answer. */
const HEAVY: ClientHabits = {
  models: Array<string>(10).fill(DEFAULT_MODEL),
  burst: 100,
  pauseMs: [1_500, 2_500],
  directives: [' [[behaviour:answer latencyMs=4000]]'],
  isVersatile: false,
};

const HEAVY_NAME = 'Heavy';

/** How long after the last fault every reply has its outcome. */
const SETTLE_MS = 60_000;

/**
 * Injects faults into two APIs, two workers, PostgreSQL, Redis without persistence, and the model, while twenty users send
 * messages, and one more sends many.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const build = options.breakBuild === undefined ? null : await BrokenBuild.create(options.breakBuild);
  const services = await ChaosServices.start(options.pooler ?? false);
  try {
    const folder = build === null ? {} : { buildFolder: build.folder };
    const stack = await startStack({ apis: 2, workers: 0, env: environment(services), ...folder });
    try {
      for (const worker of [0, 1]) await stack.add('worker', { GEMINI_API_KEY: apiKeyOf(worker) });
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
  const model = new GeminiControl(stack.sandboxUrl);
  const oracle = new Oracle(() => services.directUrl, clients.map(watched));
  const faults = new FaultInjector(stack, services, model, random.fork(), LEASE_MS, options.only ?? null);
  const over = new AbortController();
  setMaxListeners(0, over.signal); // Every client listens.
  const progress = setInterval(() => options.onProgress?.(describe(clients, faults, options)), 1_000);
  try {
    const sending = clients.map((client) => client.run(over.signal));
    const injecting = faults.run(over.signal);
    await Promise.race([pause(options.seconds * 1_000), injecting, ...sending]);
    over.abort();
    await Promise.all([injecting, ...sending]);
    await model.clearRules();
    await settle(oracle, stack, clients, options);
  } finally {
    clearInterval(progress);
    over.abort();
    await oracle.stop();
  }
  const accepted = clients.flatMap((client) => client.accepted);
  const calls = await seenCalls(model);
  // A broken build is asked about other laws.
  if (options.breakBuild === undefined) await sweepFiles(services.directUrl, stack);
  const unsure = new Set(clients.flatMap((client) => [...client.unsure]));
  const shown = (await Promise.all(clients.map((client) => client.shownRooms()))).flat();
  const files = await knownFiles(clients);
  const verdict = await oracle.judge({ accepted, calls, freezes: faults.freezes, unsure, shown, files });
  return {
    accepted: accepted.length,
    withFiles: accepted.filter((each) => each.files.length > 0).length,
    uploaded: files.digests.size,
    edited: accepted.filter(({ replaces }) => replaces !== null).length,
    refused: clients.reduce((sum, client) => sum + client.refused, 0),
    faults: Object.fromEntries([...faults.injected].sort()),
    calls: countBy(calls.map(({ purpose }) => purpose)),
    missedPoints: faults.missedPoints,
    longestWaitMs: oracle.longestWaitMs,
    verdict,
    logs: () => stack.logs(),
  };
}

/** What the clients know of their files, and what they read of them. */
async function knownFiles(clients: ChaosClient[]): Promise<Omit<KnownFiles, 'accepted'>> {
  return {
    digests: new Map(clients.flatMap(({ files }) => [...files.digests])),
    read: new Map((await Promise.all(clients.map((client) => client.readFiles()))).flat()),
    deletedRooms: new Set(clients.flatMap(({ deletedRooms }) => [...deletedRooms])),
    deletedFiles: new Set(clients.flatMap(({ files }) => [...files.deleted])),
  };
}

/** Waits, after the last fault, until every reply has its outcome and no model is paused. A broken build may never get there. */
async function settle(
  oracle: Oracle,
  stack: Stack,
  clients: ChaosClient[],
  { breakBuild }: ChaosOptions,
): Promise<void> {
  await Promise.all([...stack.apis, ...stack.workers].map((process) => process.ready()));
  await clients.find(({ name }) => name === HEAVY_NAME)?.cancelAll();
  const withinMs = breakBuild === undefined ? SETTLE_MS : 3 * LEASE_MS;
  const finished = async (): Promise<boolean> => (await oracle.unfinished()) === 0;
  await eventually(finished, { withinMs, everyMs: 500 }).catch(() => undefined);
  if (breakBuild === undefined) {
    // A pause ends with the next reply of its model.
    await clients[0]?.sendToEachModel();
    const quiet = async (): Promise<boolean> => (await finished()) && (await oracle.pauses()) === 0;
    await eventually(quiet, { withinMs, everyMs: 100 }).catch(() => undefined);
  }
  // A worker that was frozen may still try to write.
  await pause(1_000);
}

/** Users with rooms: most on Pro, some on Basic, whose messages of the day are used up during the run. */
async function createClients(stack: Stack, services: ChaosServices, random: Random): Promise<ChaosClient[]> {
  const mixed = Array.from({ length: PRO_CLIENTS + BASIC_CLIENTS }, (_, i) => ({
    name: `Client${i}`,
    plan: i < PRO_CLIENTS ? ('pro' as const) : ('basic' as const),
    habits: MIXED,
  }));
  const clients: ChaosClient[] = [];
  for (const { name, plan, habits } of [...mixed, { name: HEAVY_NAME, plan: 'pro' as const, habits: HEAVY }]) {
    const person = await signUpAndLogIn(stack.http);
    if (plan === 'pro') await makePro(services.directUrl, person.id);
    const apis = stack.apis.map((api) => person.http.at(api.url));
    const client = new ChaosClient(name, { userId: person.id, plan }, apis, random.fork(), habits);
    await client.openRooms();
    clients.push(client);
  }
  return clients;
}

const watched = ({ name, user: { userId, plan } }: ChaosClient): Watched => ({
  name,
  userId,
  limit: CONCURRENT_REPLIES[plan],
  isHeavy: name === HEAVY_NAME,
});

function countBy(words: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function environment(services: ChaosServices): Record<string, string> {
  return {
    ...services.env,
    REPLY_LEASE_MS: String(LEASE_MS),
    REPLY_RETRY_BASE_MS: '100',
    REPLY_MAX_ATTEMPTS: '3',
    BASIC_DAILY_MESSAGES: '25',
    PLANS_FILE: chaosPlans(),
    // Few places, so that users have to take turns.
    WORKER_CONCURRENCY: '10',
    LOG_LEVEL: 'warn',
  };
}

function describe(clients: ChaosClient[], faults: FaultInjector, { seed }: ChaosOptions): string {
  const accepted = clients.reduce((sum, client) => sum + client.accepted.length, 0);
  const injected = [...faults.injected.values()].reduce((sum, count) => sum + count, 0);
  return `seed ${seed}: ${accepted} accepted, ${injected} faults`;
}
