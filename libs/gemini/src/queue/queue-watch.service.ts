import type { WaitingReply } from '@app/chatroom';
import { Metrics, QueueConnectionService } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { WorkerCapacityService } from './worker-capacity.service.js';

/** How long a job may wait for a worker that has capacity all the time. It takes milliseconds where the queue moves. */
const STANDSTILL_MS = 4_000;

/** Without a further sign for so long, the queue is trusted again. */
const FORGET_MS = 30_000;

/**
 * Finds that the queue stands still though it takes jobs: this worker has capacity, and a reply that it has enqueued is due still,
 * while no job has come. That may be a connection that hangs, a queue that was paused, or a worker of BullMQ that has ended.
 */
@Injectable()
export class QueueWatchService {
  private readonly logger = new Logger('Queue');
  /** When this worker has enqueued replies that were in turn, by id and attempt. */
  private readonly enqueuedAt = new Map<string, number>();
  private lastJobAt = 0;
  private lastSignAt: number | null = null;

  constructor(
    private readonly connection: QueueConnectionService,
    private readonly capacity: WorkerCapacityService,
    metrics: Metrics,
  ) {
    const isUsable = (): boolean => !this.connection.isDown && !this.standsStill;
    new Gauge({
      name: 'queue_usable',
      help: 'Whether jobs bring replies to this worker: 1 or 0. At 0 it takes them from PostgreSQL directly.',
      registers: [metrics],
      collect() {
        this.set(isUsable() ? 1 : 0);
      },
    });
  }

  /** Whether jobs can be enqueued, but don't arrive. */
  get standsStill(): boolean {
    return this.lastSignAt !== null;
  }

  /** Whether jobs can't be enqueued. */
  get isDown(): boolean {
    return this.connection.isDown;
  }

  /** A job of the queue has arrived. */
  jobArrived(): void {
    this.lastJobAt = Date.now();
    if (this.standsStill) this.trust();
  }

  /** @param replies those that are enqueued now, and that a worker with capacity takes at once */
  enqueuing(replies: WaitingReply[]): void {
    if (this.isDown) {
      // None of them is enqueued, so none of them says anything of the queue.
      this.enqueuedAt.clear();
      return;
    }
    const now = Date.now();
    const waitsTooLong = replies.map((reply) => this.hasWaited(keyOf(reply), now)).includes(true);
    for (const [key, at] of this.enqueuedAt) if (at < now - FORGET_MS) this.enqueuedAt.delete(key);
    if (waitsTooLong) this.distrust(now);
    else if (this.lastSignAt !== null && this.lastSignAt < now - FORGET_MS) this.trust();
  }

  private hasWaited(key: string, now: number): boolean {
    const since = this.enqueuedAt.get(key);
    if (since === undefined) this.enqueuedAt.set(key, now);
    const begin = Math.max(since ?? now, this.lastJobAt, now - this.capacity.freeForMs);
    return now - begin >= STANDSTILL_MS;
  }

  private distrust(now: number): void {
    if (!this.standsStill)
      this.logger.warn('The queue stands still, though it takes jobs. Replies are taken from PostgreSQL meanwhile');
    this.lastSignAt = now;
  }

  private trust(): void {
    this.lastSignAt = null;
    this.enqueuedAt.clear();
    this.logger.log('The queue moves again');
  }
}

const keyOf = ({ id, attempt }: WaitingReply): string => `${id} ${attempt}`;
