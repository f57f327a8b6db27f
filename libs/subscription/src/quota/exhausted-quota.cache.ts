import { Injectable } from '@nestjs/common';

/** How many users are kept at most; dropping one costs only a statement that refuses. */
const MAX_USERS = 10_000;

/**
 * The users whose messages the accepting statement of this process has refused lately, since their day was spent. A
 * provider of its own, because Nest makes a guard anew in each module that uses it.
 */
@Injectable()
export class ExhaustedQuotaCache {
  /** User id → the UTC day whose messages are spent, oldest first. */
  private readonly days = new Map<string, string>();

  /** The user has spent all messages of this UTC day (`2026-11-23`). */
  add(userId: string, day: string): void {
    this.days.delete(userId);
    this.days.set(userId, day);
    if (this.days.size > MAX_USERS) this.days.delete(this.days.keys().next().value ?? '');
  }

  /** The user may send again: a message was refunded, or the plan has changed. */
  delete(userId: string): void {
    this.days.delete(userId);
  }

  /** Whether the user was refused on this UTC day; the ledger may allow messages again since then. */
  has(userId: string, day: string): boolean {
    return this.days.get(userId) === day;
  }
}
