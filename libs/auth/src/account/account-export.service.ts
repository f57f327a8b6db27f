import type { Readable } from 'node:stream';
import { AuditTrail, Clock, Database, inBatches, jsonText } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { AccountDownloadService } from '../downloads/account-download.service.js';
import { AccountParticipantService } from './account-participant.service.js';
import { inChunks } from '../downloads/download.js';

const ACCOUNT = { id: true, phone: true, name: true, createdAt: true, updatedAt: true, verifiedAt: true } as const;
const SESSION = {
  id: true,
  createdAt: true,
  lastUsedAt: true,
  expiresAt: true,
  refreshRepeatedAt: true,
  userAgent: true,
  ip: true,
} as const;

/** How many sessions a statement reads at most. */
const SESSIONS = 500;

/** Sends every datum that is held of a user (GDPR, articles 15 and 20), as it is read. */
@Injectable()
export class AccountExportService {
  constructor(
    private readonly database: Database,
    private readonly participants: AccountParticipantService,
    private readonly downloads: AccountDownloadService,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Everything but secrets, as the text of one JSON object: `exportedAt`, `account`, `sessions`, and a part for each feature. It is
   * read from the database batch by batch while it is sent: each row as it is at that moment. The stream is that of
   * {@link AccountDownloadService}.
   *
   * @throws UnauthenticatedError when the account no longer exists
   * @throws ExportInProgressError, TooManyExportsError
   */
  stream(user: AuthenticatedUser): Promise<Readable> {
    return this.downloads.stream(user, async () => inChunks(jsonText(await this.contents(user.userId))));
  }

  private async contents(userId: string): Promise<object> {
    const account = await this.database.prisma.user.findUnique({ where: { id: userId }, select: ACCOUNT });
    if (account === null) throw new UnauthenticatedError(true);
    await this.audit.write({ action: 'account_exported', userId });
    const parts = this.participants.export(userId);
    return { exportedAt: this.clock.now(), account, sessions: this.sessionsOf(userId), ...parts };
  }

  private sessionsOf(userId: string) {
    return inBatches(
      (after: string | null) =>
        this.database.prisma.session.findMany({
          where: { userId, ...(after === null ? {} : { id: { gt: after } }) },
          orderBy: { id: 'asc' },
          take: SESSIONS,
          select: SESSION,
        }),
      ({ id }) => id,
    );
  }
}
