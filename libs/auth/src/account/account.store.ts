import { Clock, Database, prepared, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { UnauthenticatedError } from '../token/token.errors.js';
import { AccountParticipantService } from './account-participant.service.js';
import { AccountPlanService } from './account-plan.service.js';
import type { AccountResponse } from './account.response.js';
import { PersonHashService } from './person-hash.service.js';

// A known number takes the same write as an unknown one. Until someone has proved to own the number a sign-up renews the account's
// day; after that a further sign-up changes nothing. The name is not known before: anyone can sign up any number.
const SIGN_UP = prepared(
  'account_sign_up',
  `
    INSERT INTO "user" AS known (id, phone, created_at, updated_at) VALUES ($1, $2, $3, $3)
    ON CONFLICT (phone) DO UPDATE
    SET created_at = CASE WHEN known.verified_at IS NULL THEN EXCLUDED.created_at ELSE known.created_at END`,
);

const VISIBLE = { id: true, phone: true, name: true, createdAt: true } as const;

/** The users in PostgreSQL. */
@Injectable()
export class AccountStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly plans: AccountPlanService,
    private readonly participants: AccountParticipantService,
    private readonly persons: PersonHashService,
  ) {}

  /**
   * Makes an unverified account, unless the number has one.
   * @param phone E.164
   */
  async signUp(phone: string): Promise<void> {
    await this.database.run(SIGN_UP, [uuidv7(), phone, this.clock.now()]);
  }

  /**
   * The id of the account that may log in with this number (E.164), verified or not; null when there is none. A blocked one counts
   * as none, so that whoever asks is answered as by an unknown number.
   */
  async findByPhone(phone: string): Promise<string | null> {
    const user = await this.database.prisma.user.findUnique({
      where: { phone },
      select: { id: true, blockedAt: true },
    });
    return user === null || user.blockedAt !== null ? null : user.id;
  }

  /**
   * Stores that someone has proved to own the account's number; null when the account no longer exists. What an erased account
   * of the same number has left comes first, so that a failure in between is made good by the next login.
   *
   * @param name the name of an account that was not verified before; null leaves it as it is
   */
  async verify(userId: string, name: string | null = null): Promise<AccountResponse | null> {
    const { user } = this.database.prisma;
    // Not one conditional update: by its condition PostgreSQL may prefer the index of all unverified accounts (docs/adr/0018).
    const known = await user.findUnique({ where: { id: userId }, select: { phone: true, verifiedAt: true } });
    if (known?.verifiedAt === null) {
      for (const person of this.persons.hashes(known.phone)) await this.participants.restore(userId, person);
      const now = this.clock.now();
      const data = { verifiedAt: now, updatedAt: now, ...(name === null ? {} : { name }) };
      await user.updateMany({ where: { id: userId }, data });
    }
    return this.find(userId);
  }

  /** @throws UnauthenticatedError when the account no longer exists */
  async read(userId: string): Promise<AccountResponse> {
    const account = await this.find(userId);
    if (account === null) throw new UnauthenticatedError(true);
    return account;
  }

  /** @throws UnauthenticatedError when the account no longer exists */
  async rename(userId: string, name: string | null): Promise<AccountResponse> {
    await this.database.prisma.user.updateMany({
      where: { id: userId },
      data: { name, updatedAt: this.clock.now() },
    });
    return this.read(userId);
  }

  private async find(userId: string): Promise<AccountResponse | null> {
    const [user, plan] = await Promise.all([
      this.database.prisma.user.findUnique({ where: { id: userId }, select: VISIBLE }),
      this.plans.planOf(userId),
    ]);
    return user === null ? null : { ...user, plan };
  }
}
