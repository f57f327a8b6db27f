import { AuditTrail, Clock, Database } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { UnauthenticatedError } from '../token/token.errors.js';
import { AccountParticipantService } from './account-participant.service.js';

const SESSION = { id: true, createdAt: true, lastUsedAt: true, expiresAt: true, userAgent: true, ip: true } as const;
const ACCOUNT = {
  id: true,
  phone: true,
  name: true,
  createdAt: true,
  updatedAt: true,
  verifiedAt: true,
  sessions: { select: SESSION },
} as const;

/** Gathers every datum that is held of a user (GDPR, articles 15 and 20). */
@Injectable()
export class AccountExportService {
  constructor(
    private readonly database: Database,
    private readonly participants: AccountParticipantService,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Everything but secrets, ready for JSON: `account`, `sessions`, and a part for each feature.
   * @throws UnauthenticatedError when the account no longer exists
   */
  async gather(userId: string): Promise<Record<string, unknown>> {
    const user = await this.database.prisma.user.findUnique({ where: { id: userId }, select: ACCOUNT });
    if (user === null) throw new UnauthenticatedError();
    await this.audit.write({ action: 'account_exported', userId });
    const { sessions, ...account } = user;
    return { exportedAt: this.clock.now(), account, sessions, ...(await this.participants.export(userId)) };
  }
}
