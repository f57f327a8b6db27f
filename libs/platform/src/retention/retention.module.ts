import { type DynamicModule, Module } from '@nestjs/common';
import { AuditConfig } from '../audit/audit.config.js';
import { auditRetention } from './audit.retention.js';
import { Clock } from '../clock/clock.port.js';
import { Database } from '../database/database.client.js';
import { asConfigured, type ExpiringRows } from './expiring-rows.js';
import { RetentionConfig } from './retention.config.js';
import { RetentionTask } from './retention.task.js';

/** The deletion of expired rows, for the worker. */
@Module({})
export class RetentionModule {
  /** @param rows what each lib lets expire; the audit trail is added */
  static forRoot(rows: readonly ExpiringRows[]): DynamicModule {
    const task = {
      provide: RetentionTask,
      inject: [RetentionConfig, AuditConfig, Database, Clock],
      useFactory: (config: RetentionConfig, audit: AuditConfig, database: Database, clock: Clock) => {
        const configured = rows.map((each) => asConfigured(each, config));
        return new RetentionTask([...configured, auditRetention(audit)], database, clock);
      },
    };
    return { module: RetentionModule, providers: [task] };
  }
}
