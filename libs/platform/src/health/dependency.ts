import { Logger } from '@nestjs/common';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { withTimeout } from '../timeout/with-timeout.js';

/** Something outside the process that it depends on. */
export interface DependencyOptions {
  /** As metrics and the operators' port name it: `redis`. */
  name: string;
  /** As the log names it: `Redis`. */
  title: string;
  /** Does what the process needs it for, in the cheapest way. @throws when it fails, with the reason as its message */
  probe: () => Promise<unknown>;
  /** What a failed probe means, in a sentence; null: that isn't known yet, so it isn't down yet. The error's message unless given. */
  explain?: (error: Error) => string | null;
  /** What follows for users while it is down, in a sentence for the log. */
  consequence: string;
}

/** How often a dependency is probed, in milliseconds between the end of a probe and the next one. */
const INTERVAL_MS = 1_000;

/** After a first failure the next probe, which decides, comes sooner. */
const RETRY_MS = 250;

/** How long a probe may take before it counts as failed. */
const TIMEOUT_MS = 1_000;

/** Probes that have to fail in a row: one may meet a connection that a restart has cut, or a pause of this very process. */
const FAILURES_UNTIL_DOWN = 2;

/**
 * Knows whether a dependency is up, from probes in the background: what asks for it never waits. A probe that hangs counts as
 * failed, and no other is begun beside it.
 */
export class Dependency {
  private readonly logger = new Logger('Health');
  private readonly task: PeriodicTask;
  private probing: Promise<unknown> | null = null;
  private failures = 0;
  private up = false;
  /** The failure that was logged; null: none was since it was up. */
  private reported: string | null = null;

  constructor(private readonly options: DependencyOptions) {
    this.task = new PeriodicTask({
      name: `Probing ${options.title}`,
      intervalMs: () => (this.failures === 1 ? RETRY_MS : INTERVAL_MS),
      run: () => this.round(),
    });
  }

  get name(): string {
    return this.options.name;
  }

  /** Whether it answers as it should. False before the first probe has succeeded. */
  get isUp(): boolean {
    return this.up;
  }

  /** Whether it is known not to. False before the first probes have ended, and as long as nothing says why they fail. */
  get isDown(): boolean {
    return !this.up && this.reported !== null;
  }

  start(): void {
    this.task.startNow();
  }

  stop(): void {
    this.task.stop();
  }

  private async round(): Promise<void> {
    try {
      this.probing ??= this.options.probe().finally(() => (this.probing = null));
      await withTimeout(TIMEOUT_MS, this.probing, () => {
        throw new Error(`no answer within ${TIMEOUT_MS} ms`);
      });
      this.succeed();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private succeed(): void {
    if (this.reported !== null) this.logger.log(`${this.options.title} is back`);
    this.failures = 0;
    this.up = true;
    this.reported = null;
  }

  private fail(error: Error): void {
    this.failures++;
    if (this.failures < FAILURES_UNTIL_DOWN) return;
    this.up = false;
    const { title, consequence } = this.options;
    const { explain = ({ message }: Error) => `${title} is down: ${message}` } = this.options;
    const cause = explain(error);
    if (cause === null) return;
    // A cause is told once, until it becomes another one; what follows its colon may differ each time.
    const kind = cause.replace(/:.*/, '');
    if (kind !== this.reported) this.logger.warn(`${cause}. ${consequence}`);
    this.reported = kind;
  }
}
