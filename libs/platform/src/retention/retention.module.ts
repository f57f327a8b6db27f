import { type DynamicModule, Module } from '@nestjs/common';
import { Clock } from '../clock/clock.port.js';
import { Database } from '../database/database.client.js';
import type { ExpiringRows } from './expiring-rows.js';
import { RetentionTask } from './retention.task.js';

/** The deletion of expired rows, for the worker. */
@Module({})
export class RetentionModule {
  /** @param rows what each lib lets expire */
  static forRoot(rows: readonly ExpiringRows[]): DynamicModule {
    const task = {
      provide: RetentionTask,
      inject: [Database, Clock],
      useFactory: (database: Database, clock: Clock) => new RetentionTask(rows, database, clock),
    };
    return { module: RetentionModule, providers: [task] };
  }
}
