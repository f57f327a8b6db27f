import { setTimeout as pause } from 'node:timers/promises';
import { CRASH_POINTS } from '@app/platform/testing';
import type { Stack, StackProcess } from '../support/stack.js';
import type { Random } from './random.js';
import type { ChaosServices } from './services.js';

/** Something bad that happens, and is over when the promise resolves. */
interface Fault {
  name: string;
  strike: () => Promise<void>;
}

/** How long a process may take to start, and to come to the point where it kills itself. */
const POINT_MS = 20_000;

/** Points that are on the way of the API; all others are on the worker's. */
const API_POINTS: readonly string[] = ['accept', 'accepted', 'rung'];

/** All that can go wrong. Points of a message's life come in turn, so that each is visited; the rest by chance. */
export class Faults {
  readonly struck = new Map<string, number>();
  private nextPoint = 0;
  /** Two sources, since processes and services have their troubles at the same time. */
  private readonly random: Random;
  private readonly servicesRandom: Random;

  /**
   * @param leaseMs frozen workers stay so for longer than this
   * @param only the faults to choose from; all unless given
   */
  constructor(
    private readonly stack: Stack,
    private readonly services: ChaosServices,
    random: Random,
    private readonly leaseMs: number,
    private readonly only: string[] | null,
  ) {
    this.random = random.fork();
    this.servicesRandom = random.fork();
  }

  /** Lets bad things happen to processes and, at the same time, to what they stand on, until told to stop. */
  async rage(until: AbortSignal): Promise<void> {
    const { processFaults, serviceFaults } = this;
    await Promise.all([
      this.strikeWith(() => this.ofProcesses(processFaults, until), this.random, until),
      this.strikeWith(() => this.oneOf(serviceFaults, this.servicesRandom), this.servicesRandom, until),
    ]);
  }

  /** One fault after the other, with moments of peace between. */
  private async strikeWith(choose: () => Fault | null, random: Random, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const fault = choose();
      if (fault === null) return;
      await fault.strike();
      this.struck.set(fault.name, (this.struck.get(fault.name) ?? 0) + 1);
      await pause(random.between(200, 1_500), undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** The points of a message's life at which no process has died yet. */
  get missedPoints(): string[] {
    return CRASH_POINTS.filter((point) => !this.struck.has(`die at ${point}`));
  }

  /** Half of the time the next point of a message's life, else one of the others. */
  private ofProcesses(faults: Fault[], until: AbortSignal): Fault | null {
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
      { name: 'kill an API', strike: () => this.killAndRestart(this.random.pick(this.stack.apis)) },
      { name: 'kill a worker', strike: () => this.killAndRestart(this.random.pick(this.stack.workers)) },
      { name: 'freeze a worker', strike: () => this.freeze(this.random.pick(this.stack.workers)) },
    ];
  }

  private get serviceFaults(): Fault[] {
    const { services } = this;
    return [
      { name: 'flush Redis', strike: () => services.flushRedis() },
      { name: 'kill Redis', strike: () => services.killRedis() },
      { name: 'kill PostgreSQL', strike: () => services.killPostgres() },
      { name: 'reset connections to PostgreSQL', strike: async () => services.postgresProxy.reset() },
      { name: 'reset connections to Redis', strike: async () => services.redisProxy.reset() },
      { name: 'half-open connections to PostgreSQL', strike: () => this.disturb('postgresProxy', 'half-open') },
      { name: 'half-open connections to Redis', strike: () => this.disturb('redisProxy', 'half-open') },
      { name: 'slow connections to PostgreSQL', strike: () => this.disturb('postgresProxy', 'slow') },
      { name: 'slow connections to Redis', strike: () => this.disturb('redisProxy', 'slow') },
    ];
  }

  private async killAndRestart(process: StackProcess): Promise<void> {
    await process.kill('SIGKILL');
    await process.restart();
  }

  /** Long enough for others to take over what it holds; it wakes up not knowing. */
  async freeze(process: StackProcess): Promise<void> {
    await process.kill('SIGSTOP');
    await pause(this.leaseMs + this.random.between(500, 2_500));
    await process.kill('SIGCONT');
  }

  private async disturb(proxy: 'postgresProxy' | 'redisProxy', state: 'half-open' | 'slow'): Promise<void> {
    this.services[proxy].set(state);
    await pause(this.servicesRandom.between(1_000, 4_000));
    this.services[proxy].set('well');
  }

  private dieAtPoint(until: AbortSignal): Fault {
    const point = CRASH_POINTS[this.nextPoint++ % CRASH_POINTS.length] as string;
    const process = this.random.pick(API_POINTS.includes(point) ? this.stack.apis : this.stack.workers);
    const strike = async (): Promise<void> => {
      await process.kill('SIGKILL');
      // It works from the moment on that it is up, so it may die before anybody has seen it ready.
      await process.relaunch({ CRASH_POINT: `${point}:${this.random.between(1, 4)}` });
      const died = await Promise.race([process.ended, pause(POINT_MS, null, { signal: until }).catch(() => null)]);
      await process.restart({ CRASH_POINT: '' });
      // Without clients, at the end of the run, nobody comes by any more.
      if (died === null && !until.aborted)
        throw new Error(`No process came to the point "${point}" within ${POINT_MS} ms`);
    };
    return { name: `die at ${point}`, strike };
  }
}
