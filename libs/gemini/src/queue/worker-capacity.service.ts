import { Injectable } from '@nestjs/common';
import { ReplyWorkerConfig } from './reply-worker.config.js';

/** How many replies this worker works on at once, whichever way they come to it. */
@Injectable()
export class WorkerCapacityService {
  private used = 0;
  private lastFullAt = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly config: ReplyWorkerConfig) {}

  get isFull(): boolean {
    return this.used >= this.config.WORKER_CONCURRENCY;
  }

  /** Milliseconds since which there is capacity without a break; 0: there is none. */
  get freeForMs(): number {
    return this.isFull ? 0 : Date.now() - this.lastFullAt;
  }

  /** Calls back whenever capacity becomes free that no one has waited for. */
  whenFree(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Works as soon as there is capacity, in the order of the calls. */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.isFull) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.take();
    await this.finish(work);
  }

  /** Works at once. @returns null when there is no capacity */
  runNow(work: () => Promise<void>): Promise<void> | null {
    if (this.isFull) return null;
    this.take();
    return this.finish(work);
  }

  private take(): void {
    this.used++;
    if (this.isFull) this.lastFullAt = Date.now();
  }

  private async finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      this.release();
    }
  }

  /** Passes on what is released to the first who waits. */
  private release(): void {
    const next = this.waiting.shift();
    if (next !== undefined) return next();
    if (this.isFull) this.lastFullAt = Date.now();
    this.used--;
    for (const listener of this.listeners) listener();
  }
}
