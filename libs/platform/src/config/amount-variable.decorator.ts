import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsNumber, IsPositive, Max } from 'class-validator';

/** Digits, perhaps with a fraction: no exponent, sign, other base or white space. */
const AMOUNT = /^\d+(?:\.\d+)?$/;

/** An environment variable that holds an amount of money above zero, such as `12.50`. */
export const AmountVariable = (max: number): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && AMOUNT.test(value) ? Number(value) : value,
    ),
    IsNumber({ allowNaN: false, allowInfinity: false }),
    IsPositive(),
    Max(max),
  );
