import { DomainError } from '@app/platform';

/** The user has more streams open than one person can read. */
export class TooManyStreamsError extends DomainError {
  constructor() {
    super('too_many_streams', 'limited', 'Too many streams are open; close some first.', {
      headers: { 'Retry-After': '5' },
    });
  }
}
