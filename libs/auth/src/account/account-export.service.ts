import type { Readable } from 'node:stream';
import {
  AuditTrail,
  Clock,
  Database,
  inBatches,
  jsonText,
  type Slot,
  type SlotLimit,
  SlotService,
} from '@app/platform';
import { Injectable, Logger, type OnModuleDestroy, ServiceUnavailableException } from '@nestjs/common';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { ExportInProgressError, TooManyExportsError } from './account-export.errors.js';
import { AccountParticipantService } from './account-participant.service.js';
import { download } from './download.js';

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

const ONE_PER_USER: SlotLimit = { kind: 'export', limit: 1, leaseMs: 30_000 };
const EXTEND_MS = 10_000;

/** A large account takes minutes over a slow line; a reader that has not taken a chunk within a minute is not reading. */
const LIMITS = { stalledMs: 60_000, totalMs: 30 * 60_000 };

/** Of this process at once: each holds a batch of rows, also while its reader is slow. */
const MAX_EXPORTS = 50;

/** Sends every datum that is held of a user (GDPR, articles 15 and 20), as it is read. */
@Injectable()
export class AccountExportService implements OnModuleDestroy {
  private readonly logger = new Logger(AccountExportService.name);
  private readonly open = new Set<Readable>();
  private starting = 0;

  constructor(
    private readonly database: Database,
    private readonly participants: AccountParticipantService,
    private readonly revocations: SessionRevocationService,
    private readonly slots: SlotService,
    private readonly clock: Clock,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Everything but secrets, as the text of one JSON object: `exportedAt`, `account`, `sessions`, and a part for each feature. It is
   * read from the database batch by batch while it is sent: each row as it is at that moment. The stream is destroyed with an error
   * when it can't go on, when its reader stalls, when the session ends, and when the process shuts down.
   *
   * @throws UnauthenticatedError when the account no longer exists
   * @throws ExportInProgressError, TooManyExportsError
   */
  async stream(user: AuthenticatedUser): Promise<Readable> {
    if (this.open.size + this.starting >= MAX_EXPORTS) throw new TooManyExportsError();
    this.starting++;
    try {
      const slot = await this.slots.acquire(ONE_PER_USER, user.userId);
      if (slot === null) throw new ExportInProgressError();
      try {
        return this.start(user, await this.contents(user.userId), slot);
      } catch (error) {
        await slot.release();
        throw error;
      }
    } finally {
      this.starting--;
    }
  }

  /** Cuts what is being sent, for the process is shutting down. */
  onModuleDestroy(): void {
    for (const stream of this.open) stream.destroy(new ServiceUnavailableException('The process is shutting down'));
  }

  private async contents(userId: string): Promise<object> {
    const account = await this.database.prisma.user.findUnique({ where: { id: userId }, select: ACCOUNT });
    if (account === null) throw new UnauthenticatedError(true);
    await this.audit.write({ action: 'account_exported', userId });
    const parts = this.participants.export(userId);
    return { exportedAt: this.clock.now(), account, sessions: this.sessionsOf(userId), ...parts };
  }

  private start({ sessionId }: AuthenticatedUser, contents: object, slot: Slot): Readable {
    const stream = download(jsonText(contents), LIMITS);
    this.open.add(stream);
    const extending = setInterval(() => void slot.extend(), EXTEND_MS);
    const stopListening = this.revocations.onRevoked(sessionId, () => stream.destroy(new UnauthenticatedError(true)));
    stream.once('error', (error) => this.logger.warn(`An export broke off: ${error.message}`));
    stream.once('close', () => {
      clearInterval(extending);
      stopListening();
      this.open.delete(stream);
      void slot.release();
    });
    return stream;
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
