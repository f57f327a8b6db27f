import { Injectable } from '@nestjs/common';

/** How many users are remembered at most; forgetting one costs only a transaction that refuses. */
const REMEMBERED_USERS = 10_000;

/** Whom the accepting transaction has refused lately. A provider of its own: Nest makes a guard anew in each module that uses it. */
@Injectable()
export class ExhaustedQuotaCache {
  /** User id → the UTC day whose messages are spent, oldest first. */
  private readonly days = new Map<string, string>();

  add(userId: string, day: string): void {
    this.days.delete(userId);
    this.days.set(userId, day);
    if (this.days.size > REMEMBERED_USERS) this.days.delete(this.days.keys().next().value ?? '');
  }

  /** The user may send again: a message was given back, or the plan has changed. */
  delete(userId: string): void {
    this.days.delete(userId);
  }

  has(userId: string, day: string): boolean {
    return this.days.get(userId) === day;
  }
}
