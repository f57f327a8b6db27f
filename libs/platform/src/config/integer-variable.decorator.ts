import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** An environment variable that holds a whole number within bounds. */
export const IntegerVariable = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => Number(value)),
    IsInt(),
    Min(min),
    Max(max),
  );
