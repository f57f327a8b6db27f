/** What tests alone need of the platform: `@app/platform/testing`. The product may not import it. */
export { AuditEventStore } from './audit/audit-event.store.js';
export { SystemClock } from './clock/system.clock.js';
export { registeredStatements } from './database/prepared-statement.js';
export { RetentionTask } from './retention/retention.task.js';
export { CRASH_POINTS } from './crash/crash-point.service.js';
