import { setTimeout as pause } from 'node:timers/promises';
import { CRASH_POINTS } from '@app/platform/testing';
import type { BehaviourOverrides, GeminiControl } from '../support/gemini-sandbox.js';
import type { Stack, StackProcess } from '../support/stack.js';
import type { Freeze } from './fairness.js';
import { DEFAULT_MODEL, UNSTEADY_MODELS } from './plans.js';
import type { Random } from './random.js';
import { apiKeyOf } from './seen-calls.js';
import type { ChaosServices } from './services.js';

/** One kind of failure. */
interface Fault {
  name: string;
  /** Resolves when the failure is over. */
  inject: () => Promise<void>;
}

/** How long a process may take to start and to reach the point at which it kills itself. */
const CRASH_POINT_TIMEOUT_MS = 20_000;

/** Between two faults of the model's vendor: some last for several calls, and for a pause after them. */
const VENDOR_PAUSE_MS: [from: number, to: number] = [2_000, 5_000];

/** The crash points that the API passes; the worker passes the others. */
const API_CRASH_POINTS: readonly string[] = ['accept', 'accepted', 'enqueued'];

/** Injects faults one after the other. The crash points take turns, so that each is visited; all other faults are random. */
export class FaultInjector {
  /** How often each fault was injected, by its name. */
  readonly injected = new Map<string, number>();
  /** When workers were frozen. */
  readonly freezes: Freeze[] = [];
  private nextPoint = 0;
  /** Sources of their own, since faults of processes, of services and of the model's vendor are injected at the same time. */
  private readonly random: Random;
  private readonly servicesRandom: Random;
  private readonly vendorRandom: Random;

  /**
   * @param leaseMs frozen workers stay frozen for longer than this
   * @param only the names of the faults to choose from; null: all
   */
  constructor(
    private readonly stack: Stack,
    private readonly services: ChaosServices,
    private readonly model: GeminiControl,
    random: Random,
    private readonly leaseMs: number,
    private readonly only: string[] | null,
  ) {
    this.random = random.fork();
    this.servicesRandom = random.fork();
    this.vendorRandom = random.fork();
  }

  /** Injects faults into the processes, into PostgreSQL and Redis, and into the model, at the same time, until the signal aborts. */
  async run(until: AbortSignal): Promise<void> {
    const { processFaults, serviceFaults, vendorFaults, random, servicesRandom, vendorRandom } = this;
    await Promise.all([
      this.injectInTurn(() => this.nextProcessFault(processFaults, until), random, until),
      this.injectInTurn(() => this.oneOf(serviceFaults, servicesRandom), servicesRandom, until),
      this.injectInTurn(() => this.oneOf(vendorFaults, vendorRandom), vendorRandom, until, VENDOR_PAUSE_MS),
    ]);
  }

  /** One fault after the other, with pauses between them. */
  private async injectInTurn(
    choose: () => Fault | null,
    random: Random,
    until: AbortSignal,
    [leastMs, mostMs] = [200, 1_500],
  ): Promise<void> {
    while (!until.aborted) {
      const fault = choose();
      if (fault === null) return;
      await fault.inject();
      this.injected.set(fault.name, (this.injected.get(fault.name) ?? 0) + 1);
      await pause(random.between(leastMs, mostMs), undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** The crash points at which no process has died yet. */
  get missedPoints(): string[] {
    return CRASH_POINTS.filter((point) => !this.injected.has(`die at ${point}`));
  }

  /** Half of the time the next crash point, else one of the other faults. */
  private nextProcessFault(faults: Fault[], until: AbortSignal): Fault | null {
    if (this.only === null && this.random.next() < 0.5) return this.dieAtPoint(until);
    return this.oneOf(faults, this.random);
  }

  /** Null: none of these is to be chosen from. */
  private oneOf(faults: Fault[], random: Random): Fault | null {
    const eligible = faults.filter(({ name }) => this.only?.includes(name) ?? true);
    return eligible.length === 0 ? null : random.pick(eligible);
  }

  private get processFaults(): Fault[] {
    return [
      { name: 'kill an API', inject: () => this.killAndRestart(this.random.pick(this.stack.apis)) },
      { name: 'kill a worker', inject: () => this.killAndRestart(this.random.pick(this.stack.workers)) },
      { name: 'freeze a worker', inject: () => this.freeze(this.random.between(0, this.stack.workers.length - 1)) },
    ];
  }

  private get serviceFaults(): Fault[] {
    const { services } = this;
    return [
      { name: 'flush Redis', inject: () => services.flushRedis() },
      { name: 'kill Redis', inject: () => services.killRedis() },
      { name: 'kill PostgreSQL', inject: () => services.killPostgres() },
      ...(services.hasPooler ? [{ name: 'kill the pooler', inject: () => services.killPooler() }] : []),
      { name: 'reset connections to PostgreSQL', inject: async () => services.postgresProxy.reset() },
      { name: 'reset connections to Redis', inject: async () => services.redisProxy.reset() },
      { name: 'half-open connections to PostgreSQL', inject: () => this.disturb('postgresProxy', 'half-open') },
      { name: 'half-open connections to Redis', inject: () => this.disturb('redisProxy', 'half-open') },
      { name: 'slow connections to PostgreSQL', inject: () => this.disturb('postgresProxy', 'slow') },
      { name: 'slow connections to Redis', inject: () => this.disturb('redisProxy', 'slow') },
    ];
  }

  private get vendorFaults(): Fault[] {
    const random = this.vendorRandom;
    const unsteady = (): string => random.pick(UNSTEADY_MODELS);
    return [
      { name: 'limit a model for a time', inject: () => this.limit(unsteady(), random.between(1_000, 3_000), 3) },
      { name: 'limit a model', inject: () => this.limit(unsteady(), null, 1) },
      { name: 'limit the default model for a moment', inject: () => this.limit(DEFAULT_MODEL, 500, 1) },
      { name: 'take a model down', inject: () => this.answer(unsteady(), { type: '503' }, 12) },
    ];
  }

  /** Answers the next calls of a model with 429. @param retryAfterMs null: the vendor doesn't say how long to wait */
  private limit(model: string, retryAfterMs: number | null, calls: number): Promise<void> {
    return this.answer(model, { type: '429', retryAfterMs }, calls);
  }

  private async answer(model: string, behaviour: BehaviourOverrides, calls: number): Promise<void> {
    await this.model.script(behaviour, { model }, calls);
  }

  private async killAndRestart(process: StackProcess): Promise<void> {
    await process.kill('SIGKILL');
    await process.restart();
  }

  /** Long enough for other workers to claim what it holds; afterwards it goes on as if it still held that. */
  private async freeze(worker: number): Promise<void> {
    const process = this.stack.worker(worker);
    const from = Date.now();
    await process.kill('SIGSTOP');
    await pause(this.leaseMs + this.random.between(500, 2_500));
    await process.kill('SIGCONT');
    this.freezes.push({ apiKey: apiKeyOf(worker), from, to: Date.now() });
  }

  private async disturb(proxy: 'postgresProxy' | 'redisProxy', state: 'half-open' | 'slow'): Promise<void> {
    this.services[proxy].set(state);
    await pause(this.servicesRandom.between(1_000, 4_000));
    this.services[proxy].set('well');
  }

  private dieAtPoint(until: AbortSignal): Fault {
    const point = CRASH_POINTS[this.nextPoint++ % CRASH_POINTS.length] as string;
    const process = this.random.pick(API_CRASH_POINTS.includes(point) ? this.stack.apis : this.stack.workers);
    const inject = async (): Promise<void> => {
      await process.kill('SIGKILL');
      // It works as soon as it is up, so it may die before it was seen to be ready.
      await process.relaunch({ CRASH_POINT: `${point}:${this.random.between(1, 4)}` });
      const timeout = pause(CRASH_POINT_TIMEOUT_MS, null, { signal: until }).catch(() => null);
      const died = await Promise.race([process.ended, timeout]);
      await process.restart({ CRASH_POINT: '' });
      // At the end of the run the clients have stopped, so the point may never be reached.
      if (died === null && !until.aborted)
        throw new Error(`No process reached the point "${point}" within ${CRASH_POINT_TIMEOUT_MS} ms`);
    };
    return { name: `die at ${point}`, inject };
  }
}
