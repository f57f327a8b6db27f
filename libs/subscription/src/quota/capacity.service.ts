import { Injectable } from '@nestjs/common';
import { utcDay } from './daily-quota.js';

/**
 * Whether the deployment has spent its budget of this UTC day, so that users of the default plan are refused. Whoever reads
 * the ledger says so; whoever accepts messages asks, without waiting for anything.
 */
@Injectable()
export class CapacityService {
  private reachedOn: string | null = null;

  /**
   * The state of a day as it was read.
   *
   * @param day the UTC day, `2026-11-23`
   */
  set(day: string, reached: boolean): void {
    this.reachedOn = reached ? day : null;
  }

  /** Holds until the UTC day is over, not until the ledger is read again. */
  isReached(now: Date): boolean {
    return this.reachedOn === utcDay(now);
  }
}
