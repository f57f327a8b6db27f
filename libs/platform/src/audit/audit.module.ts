import { Global, Module } from '@nestjs/common';
import { AuditEventStore } from './audit-event.store.js';
import { AuditTrail } from './audit-trail.service.js';

/** The audit trail for the whole process. */
@Global()
@Module({ providers: [AuditEventStore, AuditTrail], exports: [AuditTrail] })
export class AuditModule {}
