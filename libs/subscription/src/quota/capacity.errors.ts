import { DomainError } from '@app/platform';
import { quotaResetsAt } from './daily-quota.js';

/** The deployment has spent its money of this UTC day on models: 503 with `Retry-After` until midnight in UTC. */
export class CapacityReachedError extends DomainError {
  constructor(now: Date) {
    super('capacity_reached', 'unavailable', "Today's capacity is used up. It is there again at midnight in UTC.", {
      headers: { 'Retry-After': String(Math.ceil((quotaResetsAt(now).getTime() - now.getTime()) / 1000)) },
    });
  }
}
