import { BILLING_QUEUE, type BillingJob } from '@app/contracts';
import { JobNotifier, QueueConnectionService } from '@app/platform';
import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';

/** What is to be done for billing: an event, a customer or a cancellation, by Stripe's id of it. */
export type BillingTask = Pick<BillingJob, 'kind' | 'id'>;

/** Wakes the worker for billing's tasks. */
@Injectable()
export class BillingJobsService {
  private readonly notifier: JobNotifier<BillingJob>;

  constructor(
    @InjectQueue(BILLING_QUEUE.queue) queue: Queue,
    @Inject(QueueConnectionService) connection: Pick<QueueConnectionService, 'isDown'>,
  ) {
    this.notifier = new JobNotifier(queue, BILLING_QUEUE, connection);
  }

  /** Enqueues a job for each task, unless one waits already. Bounded in time, never throws: the sweep finds what is lost. */
  async enqueue(tasks: BillingTask[]): Promise<void> {
    await this.notifier.notify(tasks.map(({ kind, id }) => ({ id: jobId(kind, id), payload: { kind, id } })));
  }
}

/** Stripe's id is encoded, since BullMQ refuses some characters. */
const jobId = (kind: BillingTask['kind'], id: string): string => `${kind}-${Buffer.from(id).toString('base64url')}`;
