import { NotContains } from 'class-validator';

/** PostgreSQL can't store the character NUL. */
export const HasNoNul = (): PropertyDecorator =>
  NotContains('\0', { message: '$property must not contain the character NUL' });
