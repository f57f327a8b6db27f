import { DomainError } from './domain-error.js';

/** One thing that is wrong with a request. */
export interface FieldError {
  /** JSON pointer to the property (or query parameter), e.g. `/phone`, `/items/0/name`. */
  pointer: string;
  /** What it should have been; never repeats the value. */
  detail: string;
}

/** The request does not say what it must: 400 `validation_failed`. */
export class ValidationFailedError extends DomainError {
  constructor(readonly errors: FieldError[]) {
    super('validation_failed', 'invalid', 'The request is not valid; see errors.');
    this.name = 'ValidationFailedError';
  }
}
