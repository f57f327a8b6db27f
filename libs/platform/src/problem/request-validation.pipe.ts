import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { NIL, validate as isUuid } from 'uuid';
import { type FieldError, MAX_ERRORS, pointerStep, unknownNames, ValidationFailedError } from './validation.errors.js';

/** More than any request has; what comes after it walks through a body by recursion, which has an end. */
const MAX_DEPTH = 16;

/** More than any request has, nested ones included; what comes after it compares each name with all others. */
const MAX_PROPERTIES = 200;

/**
 * Checks every body and query against its class, and refuses what the class does not know.
 * A path parameter that is taken with `@Param` is an id (a name is taken with `@PathName`). What is no UUID becomes the nil
 * UUID, which names nothing, so that it is answered exactly like the id of what does not exist. Everything behind here knows
 * ids in lower case alone.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  /** What an empty query becomes, by its class: the same each time. */
  private readonly emptyQueries = new Map<unknown, unknown>();

  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: false },
      exceptionFactory: (errors) =>
        new ValidationFailedError(errors.flatMap((error) => fieldErrors(error)).slice(0, MAX_ERRORS)),
    });
  }

  /** @throws ValidationFailedError */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'param') return typeof value === 'string' && isUuid(value) ? value.toLowerCase() : NIL;
    if (metadata.type === 'body' && value !== undefined) refuseUnlessObject(value);
    if (metadata.type === 'query' && Object.keys(value as object).length === 0) return this.emptyQuery(value, metadata);
    refuseInheritedNames(value);
    return super.transform(value, metadata);
  }

  /** @throws ValidationFailedError where the query must say something */
  private async emptyQuery(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const known = this.emptyQueries.get(metadata.metatype);
    if (known !== undefined) return known;
    const query: unknown = Object.freeze(await super.transform(value, metadata));
    this.emptyQueries.set(metadata.metatype, query);
    return query;
  }
}

function refuseUnlessObject(body: unknown): void {
  if (!isJsonObject(body)) throw new ValidationFailedError([{ pointer: '', detail: 'must be a JSON object' }]);
  if (isDeeper(body, MAX_DEPTH)) throw new ValidationFailedError([{ pointer: '', detail: 'is nested too deeply' }]);
  if (countProperties(body) > MAX_PROPERTIES) {
    throw new ValidationFailedError([{ pointer: '', detail: 'has too many properties' }]);
  }
}

/** Names that every object has, like `constructor`, are passed over by the check for unknown ones. */
function refuseInheritedNames(value: unknown): void {
  const names = Object.keys(value ?? {}).filter((name) => name in Object.prototype);
  if (names.length === 0) return;
  throw new ValidationFailedError(unknownNames(names));
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1)));

const countProperties = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, each) => sum + 1 + countProperties(each), 0)
    : 0;

const isJsonObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const pointer = parent + pointerStep(error.property);
  // Every rule is broken by what isn't there; one word says it.
  if (error.value === undefined && error.constraints !== undefined) return [{ pointer, detail: 'is required' }];
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    detail: rule === 'whitelistValidation' ? 'is not known here' : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}
