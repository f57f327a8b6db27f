import { type AuditEvent, AuditTrail } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { OtpChallengeStore } from '../otp/otp-challenge.store.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { SessionStore } from '../session/session.store.js';
import { AccountParticipantService } from './account-participant.service.js';
import { AccountStore } from './account.store.js';
import { PersonHashService } from './person-hash.service.js';

/** Deletes accounts with all data of their users. */
@Injectable()
export class AccountErasureService {
  private readonly logger = new Logger(AccountErasureService.name);

  constructor(
    private readonly accounts: AccountStore,
    private readonly participants: AccountParticipantService,
    private readonly challenges: OtpChallengeStore,
    private readonly sessions: SessionStore,
    private readonly revocations: SessionRevocationService,
    private readonly persons: PersonHashService,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Work for other systems (a cancellation at Stripe) is stored durably before the rows are deleted, so that when a step
   * fails, the user still exists and can repeat the request. From the deletion on every token is refused; then the
   * features clean up once more what requests of the same moment have written.
   *
   * @param detail of the event in the audit trail
   * @throws UnauthenticatedError when the account no longer exists
   */
  async erase(userId: string, detail: AuditEvent['detail'] = {}): Promise<void> {
    const { phone } = await this.accounts.read(userId);
    // First, because it needs Redis: without Redis nothing at all is erased.
    await this.challenges.forget(phone);
    await this.participants.erase(userId);
    const kept = this.participants.erasureStatements(userId, this.persons.hash(phone));
    const deed = this.audit.statement({ action: 'account_deleted', userId, detail });
    await this.revocations.announce(await this.sessions.eraseUser(userId, [...kept, deed]));
    await this.participants.erase(userId).catch((error: unknown) => {
      this.logger.error('A feature could not clean up after an erased account', error);
    });
  }
}
