import { DomainError } from '../problem/domain-error.js';

/** The operators have closed the API for a while. */
export class MaintenanceError extends DomainError {
  /** @param retryAfterSeconds what the client is told to wait */
  constructor(retryAfterSeconds: number) {
    const headers = { 'Retry-After': String(retryAfterSeconds) };
    super('maintenance', 'unavailable', 'The service is under maintenance; nothing is lost. Try again later.', {
      headers,
    });
  }
}
