import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How long deeds can be traced. */
export class AuditConfig {
  /** Days for which the audit trail is kept. */
  @IntegerVariable(1, 3_650)
  AUDIT_DAYS = 365;
}
