import type { QueueContract } from '@app/contracts';
import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { ProcessLeaseStore } from './process-lease.store.js';
import { QueueJobMetrics } from '../queue/queue-job.metrics.js';
import { QueueConnectionModule, QueueModule } from '../queue/queue.module.js';
import { EvictionMetrics } from './eviction.metrics.js';
import { Metrics } from '../metrics/metrics.registry.js';
import { SharedStateTask } from './shared-state.task.js';

/** The metrics of what all processes share, for the worker: one of all workers exports them. */
@Module({})
export class SharedStateModule {
  /** @param queues all queues of the product */
  static forRoot(queues: readonly QueueContract[]): DynamicModule {
    const names = queues.map(({ queue }) => queue);
    const jobs = {
      provide: QueueJobMetrics,
      inject: [Metrics, ...names.map((name) => getQueueToken(name))],
      useFactory: (metrics: Metrics, ...opened: Queue[]) => new QueueJobMetrics(metrics, opened),
    };
    return {
      module: SharedStateModule,
      imports: [QueueModule, QueueConnectionModule, BullModule.registerQueue(...names.map((name) => ({ name })))],
      providers: [ProcessLeaseStore, SharedStateTask, EvictionMetrics, jobs],
    };
  }
}
