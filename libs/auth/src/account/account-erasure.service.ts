import { Injectable, Logger } from '@nestjs/common';
import { OtpChallengeStore } from '../otp/otp-challenge.store.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { SessionStore } from '../session/session.store.js';
import { AccountParticipantService } from './account-participant.service.js';
import { AccountStore } from './account.store.js';

/** Deletes accounts with everything that is held of their users. */
@Injectable()
export class AccountErasureService {
  private readonly logger = new Logger(AccountErasureService.name);

  constructor(
    private readonly accounts: AccountStore,
    private readonly participants: AccountParticipantService,
    private readonly challenges: OtpChallengeStore,
    private readonly sessions: SessionStore,
    private readonly revocations: SessionRevocationService,
  ) {}

  /**
   * What has to be remembered elsewhere (a cancellation at Stripe) is so before the rows go, so whatever fails, the user is still
   * there and can repeat it. From the deletion on every token is refused; then features clean up once more behind
   * requests that were under way.
   */
  async erase(userId: string): Promise<void> {
    const { phone } = await this.accounts.read(userId);
    // First, for it may fail: without Redis nothing is to be half erased.
    await this.challenges.forget(phone);
    await this.participants.erase(userId);
    await this.revocations.announce(await this.sessions.eraseUser(userId));
    await this.participants.erase(userId).catch((error: unknown) => {
      this.logger.error('A feature could not clean up behind an erased account', error);
    });
  }
}
