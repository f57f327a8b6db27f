import { Logger } from '@nestjs/common';

/** What is done again and again. */
export interface PeriodicWork {
  /** What it does, as the beginning of a log line: `The sweep of due replies`. */
  name: string;
  /**
   * The pause between the end of one round and the beginning of the next, in milliseconds; asked for after each round. If
   * asking fails, that is logged, and the pause is a second.
   */
  intervalMs: number | (() => number);
  /** One round. It may fail: that is logged, and the next round comes all the same. */
  run: () => Promise<unknown>;
}

/** The pause when the work cannot say how long it is to be. */
const FALLBACK_INTERVAL_MS = 1_000;

/** Repeats work in this process with a pause between the rounds, so that no two rounds run at a time. */
export class PeriodicTask {
  private readonly logger = new Logger(PeriodicTask.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private running = false;

  constructor(private readonly work: PeriodicWork) {}

  /** Begins with a pause, or goes on after a stop: behind the round that is still under way, if there is one. */
  start(): void {
    this.stopped = false;
    this.schedule();
  }

  /** Begins with a round, or goes on behind the one that is still under way. */
  startNow(): void {
    this.stopped = false;
    void this.round();
  }

  /** Begins no further round. One that is under way is not waited for, and its failure is not reported any more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** The next round comes after a pause, unless one is under way, which schedules its successor when it ends. */
  private schedule(): void {
    if (this.stopped || this.running) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.round(), this.pause()).unref();
  }

  private pause(): number {
    const { intervalMs } = this.work;
    try {
      return typeof intervalMs === 'number' ? intervalMs : intervalMs();
    } catch (error) {
      this.logger.warn(`${this.work.name} has no interval: ${(error as Error).message}`);
      return FALLBACK_INTERVAL_MS;
    }
  }

  /** Never fails. */
  private async round(): Promise<void> {
    if (this.running) return;
    clearTimeout(this.timer);
    this.running = true;
    try {
      await this.work.run();
    } catch (error) {
      if (!this.stopped) this.logger.warn(`${this.work.name} failed: ${(error as Error).message}`);
    }
    this.running = false;
    this.schedule();
  }
}
