import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';

const WORDS = new Map<unknown, boolean>([
  ['true', true],
  ['false', false],
]);

/** An environment variable that is `true` or `false`. Without a default in its class it may be absent. */
export const BooleanVariable = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => WORDS.get(value) ?? value),
    IsOptional(),
    IsBoolean({ message: '$property must be true or false' }),
  );
