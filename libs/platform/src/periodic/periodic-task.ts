import { Logger } from '@nestjs/common';

/** What is done again and again. */
export interface PeriodicWork {
  /** What it does, as the beginning of a log line: `The sweep of due replies`. */
  name: string;
  /** The pause between the end of one round and the beginning of the next, in milliseconds; asked for after each round. */
  intervalMs: number | (() => number);
  /** One round. It may fail: that is logged, and the next round comes all the same. */
  run: () => Promise<unknown>;
}

/** Repeats work in this process with a pause between the rounds, so that no two rounds run at a time. */
export class PeriodicTask {
  private readonly logger = new Logger(PeriodicTask.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;

  constructor(private readonly work: PeriodicWork) {}

  /** Begins with a pause. To be called once, when the application has started. */
  start(): void {
    this.stopped = false;
    this.schedule();
  }

  /** Begins with a round. */
  startNow(): void {
    this.stopped = false;
    void this.round();
  }

  /** Begins no further round. One that is under way is not waited for, and its failure is not reported any more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    const { intervalMs } = this.work;
    const pause = typeof intervalMs === 'number' ? intervalMs : intervalMs();
    this.timer = setTimeout(() => void this.round(), pause).unref();
  }

  private async round(): Promise<void> {
    try {
      await this.work.run();
    } catch (error) {
      if (!this.stopped) this.logger.warn(`${this.work.name} failed: ${(error as Error).message}`);
    }
    if (!this.stopped) this.schedule();
  }
}
