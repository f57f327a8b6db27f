import { type AuditEvent, AuditTrail, Clock, Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { SessionStore } from '../session/session.store.js';

/**
 * Keeps users out, and lets them in again. A blocked one is refused where sessions are opened; sessions that exist are ended the way
 * that others are, so no request costs anything for it.
 */
@Injectable()
export class AccountBlockService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionStore,
    private readonly revocations: SessionRevocationService,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /**
   * Blocks an account and ends its sessions, on every replica at once. Blocking it again ends none.
   *
   * @param detail of the event in the audit trail
   * @returns how many sessions were ended
   */
  async block(userId: string, detail: AuditEvent['detail']): Promise<number> {
    const deed = this.audit.statement({ action: 'account_blocked', userId, detail });
    const ended = await this.sessions.blockUser(userId, this.clock.now(), [deed]);
    await this.revocations.announce(ended);
    return ended.length;
  }

  /** Lets the user log in again. Sessions that were ended stay so. @returns whether the account was blocked */
  async unblock(userId: string, detail: AuditEvent['detail']): Promise<boolean> {
    const { count } = await this.database.prisma.user.updateMany({
      where: { id: userId, blockedAt: { not: null } },
      data: { blockedAt: null },
    });
    if (count > 0) await this.audit.write({ action: 'account_unblocked', userId, detail });
    return count > 0;
  }
}
