import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { validate as isUuid } from 'uuid';
import { DomainError } from './domain-error.js';
import { type FieldError, ValidationFailedError } from './validation.errors.js';

/** Enough to mend a request by; an answer must not grow with the nonsense that was sent. */
const MAX_ERRORS = 50;

/**
 * Checks every body and query against its class, and refuses what the class does not know.
 * Every path parameter of this API is an id, so one that is no UUID names nothing: 404, as for a stranger's.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) =>
        new ValidationFailedError(errors.flatMap((error) => fieldErrors(error)).slice(0, MAX_ERRORS)),
    });
  }

  /** @throws ValidationFailedError, or DomainError `not_found` for a path that names nothing */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'param' && !isUuid(value)) {
      throw new DomainError('not_found', 'not_found', 'There is nothing here.');
    }
    if (metadata.type === 'body' && value !== undefined && !isJsonObject(value)) {
      throw new ValidationFailedError([{ pointer: '', detail: 'must be a JSON object' }]);
    }
    return super.transform(value, metadata);
  }
}

const isJsonObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const pointer = `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    detail: rule === 'whitelistValidation' ? 'is not known here' : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}
