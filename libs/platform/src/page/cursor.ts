import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ValidationFailedError } from '../problem/validation.errors.js';

/** Packs the position of a list's last item. Opaque to clients, who could forge it: it must hold no secret and no right. */
export function encodeCursor(position: object): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * Unpacks a cursor that a client has sent.
 *
 * @param type the position's class, whose class-validator rules it must pass
 * @returns undefined when there is no cursor: the list's beginning
 * @throws ValidationFailedError with the pointer `/cursor`
 */
export function decodeCursor<T extends object>(type: Type<T>, cursor: string | undefined): T | undefined {
  if (cursor === undefined) return undefined;
  const position = plainToInstance(type, parse(cursor));
  const valid =
    position instanceof type && validateSync(position, { whitelist: true, forbidNonWhitelisted: true }).length === 0;
  if (!valid) throw malformed();
  return position;
}

function parse(cursor: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Falls through: not JSON is as malformed as the wrong JSON.
  }
  throw malformed();
}

const malformed = () =>
  new ValidationFailedError([{ pointer: '/cursor', detail: 'must be a nextCursor that this list returned' }]);
