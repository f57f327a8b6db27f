import { AuditTrail } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { PhoneNumber } from 'libphonenumber-js/max';
import type { AccountResponse } from '../account/account.response.js';
import { AccountStore } from '../account/account.store.js';
import { AuthMetrics } from '../auth.metrics.js';
import type { Client } from '../client/client.js';
import { type NewChallenge, OtpChallengeStore } from '../otp/otp-challenge.store.js';
import { OtpDeliveryService } from '../otp/otp-delivery.service.js';
import { OtpSender } from '../otp/otp-sender.port.js';
import { OtpConfig } from '../otp/otp.config.js';
import { OtpDeliveryFailedError, OtpInvalidError, OtpSendLimitedError } from '../otp/otp.errors.js';
import { PendingNameStore } from '../otp/pending-name.store.js';
import { type SendCharge, SendLimitService } from '../otp/send-limit.service.js';
import { PhoneNumberService } from '../phone/phone-number.service.js';
import { type SessionTokens, SessionService } from '../session/session.service.js';
import { padDuration } from './timing-padding.js';

/** A challenge as its client learns of it. */
export interface SentChallenge {
  challengeId: string;
  /** Seconds. */
  expiresIn: number;
  /** Seconds. */
  resendAfter: number;
  otp?: string;
}

/** Logging in with a one-time code. No answer reveals which numbers have an account. */
@Injectable()
export class LoginService {
  constructor(
    private readonly phones: PhoneNumberService,
    private readonly accounts: AccountStore,
    private readonly names: PendingNameStore,
    private readonly limits: SendLimitService,
    private readonly challenges: OtpChallengeStore,
    private readonly delivery: OtpDeliveryService,
    private readonly sender: OtpSender,
    private readonly sessions: SessionService,
    private readonly metrics: AuthMetrics,
    private readonly config: OtpConfig,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Makes an unverified account, unless the number has one. The name counts once a code is verified that the same address has asked for.
   * @returns the number as E.164
   * @throws ValidationFailedError, PhoneCountryNotAllowedError
   */
  async signUp(writtenPhone: string, name: string | null, { ip }: Client): Promise<string> {
    const { number } = this.phones.read(writtenPhone);
    await padDuration(this.config.OTP_ANSWER_STEP_MS, async () => {
      await this.names.remember(number, ip, name);
      await this.accounts.signUp(number);
    });
    return number;
  }

  /**
   * Sends a code to the number, if it has an account.
   * @throws ValidationFailedError, PhoneCountryNotAllowedError
   * @throws OtpSendLimitedError when too many were asked for
   * @throws OtpDeliveryFailedError; then the send is not counted
   */
  sendCode(writtenPhone: string, { ip }: Client): Promise<SentChallenge> {
    const phone = this.phones.read(writtenPhone);
    return padDuration(this.config.OTP_ANSWER_STEP_MS, async () => {
      const userId = await this.accounts.findByPhone(phone.number);
      const charge = await this.charge(phone, ip, userId !== null);
      const challenge = await this.challenges.create(charge, userId);
      const delivered = await (userId === null ? this.delivery.imitate() : this.deliver(phone.number, challenge));
      if (!delivered) await this.cancel(challenge, charge);
      return {
        challengeId: challenge.id,
        expiresIn: this.config.OTP_SECONDS,
        resendAfter: charge.resendAfter,
        ...(this.sender.showsCode ? { otp: challenge.code } : {}),
      };
    });
  }

  /**
   * Opens a session for the user whose code it is.
   * @throws OtpInvalidError
   */
  async verifyCode(
    challengeId: string,
    code: string,
    client: Client,
  ): Promise<{ account: AccountResponse; tokens: SessionTokens }> {
    const solved = await this.challenges.verify(challengeId, code);
    this.metrics.codeTried(solved !== null);
    const account = solved && (await this.accounts.verify(solved.userId, solved.name));
    const tokens = account && (await this.sessions.open(account.id, client));
    if (account === null || tokens === null) {
      this.metrics.loginEnded('refused');
      this.audit.recordRefusal({ action: 'login_refused', userId: null });
      throw new OtpInvalidError();
    }
    this.metrics.loginEnded('succeeded');
    await this.audit.write({ action: 'login', userId: account.id, sessionId: tokens.sessionId });
    return { account, tokens };
  }

  private async charge(phone: PhoneNumber, ip: string, hasAccount: boolean): Promise<SendCharge> {
    try {
      return await this.limits.charge(phone, ip, hasAccount);
    } catch (error) {
      if (error instanceof OtpSendLimitedError) this.metrics.sendRefused(error.limit.policy);
      throw error;
    }
  }

  private async deliver(phone: string, { id, code }: NewChallenge): Promise<boolean> {
    const expiresInSeconds = this.config.OTP_SECONDS;
    const text = `${code} is your login code. It is good for ${Math.ceil(expiresInSeconds / 60)} minutes. Tell it to no one.`;
    const delivered = await this.delivery.deliver({ id, phone, code, expiresInSeconds, text });
    this.metrics.deliveryEnded(delivered);
    return delivered;
  }

  private async cancel(challenge: NewChallenge, charge: SendCharge): Promise<never> {
    await Promise.all([this.challenges.discard(challenge.id), this.limits.refund(charge)]);
    throw new OtpDeliveryFailedError();
  }
}
