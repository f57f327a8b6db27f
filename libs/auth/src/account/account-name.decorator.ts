import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches } from 'class-validator';

/** The longest name, in UTF-16 units. */
export const MAX_NAME_LENGTH = 100;

/** A person's name: one line, without white space around it. */
export const IsAccountName = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value)),
    IsString(),
    Length(1, MAX_NAME_LENGTH),
    Matches(/^\P{Cc}*$/u, { message: 'name must not contain control characters' }),
  );
