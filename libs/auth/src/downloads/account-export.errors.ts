import { DomainError } from '@app/platform';

/** The user's export is being sent already: one at a time, over all replicas. */
export class ExportInProgressError extends DomainError {
  constructor() {
    super('export_in_progress', 'conflict', 'An export of this account is under way; try again when it has ended.', {
      headers: { 'Retry-After': '30' },
    });
  }
}

/** This process sends as many exports as its memory allows for. */
export class TooManyExportsError extends DomainError {
  constructor() {
    super('too_many_exports', 'unavailable', 'Many exports are under way just now; try again in a minute.', {
      headers: { 'Retry-After': '60' },
    });
  }
}
