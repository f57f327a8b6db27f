import { Transform } from 'class-transformer';

/** Digits alone: no sign, point, exponent, other base or white space, and no zero in front of others. */
const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;

/** Reads a number from text, and leaves what is none for the rules to refuse. */
export const WholeNumber = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value,
  );
