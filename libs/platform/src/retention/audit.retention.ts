import { type ExpiringRows, expiringRows } from './expiring-rows.js';
import type { AuditConfig } from '../audit/audit.config.js';

const DAY_MS = 86_400_000;

const EVENTS = expiringRows({ what: 'audit events', table: 'audit_event', column: 'at', keep: { ms: 365 * DAY_MS } });

/** The audit trail expires as the configuration says. */
export const auditRetention = ({ AUDIT_DAYS }: AuditConfig): ExpiringRows => ({
  ...EVENTS,
  keepMs: AUDIT_DAYS * DAY_MS,
});
