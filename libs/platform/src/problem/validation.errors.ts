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

/** As many errors as help to correct a request. The answer must not grow with what was sent. */
export const MAX_ERRORS = 50;

/** A property's step in a JSON pointer. */
export const pointerStep = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The errors of properties or query parameters that a route does not know. */
export const unknownNames = (names: string[]): FieldError[] =>
  names.slice(0, MAX_ERRORS).map((name) => ({ pointer: pointerStep(name), detail: 'is not known here' }));
