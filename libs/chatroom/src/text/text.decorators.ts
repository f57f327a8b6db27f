import { Transform } from 'class-transformer';
import { NotContains, ValidateBy } from 'class-validator';

/** Changes a property where it is text; what is none is left for the rules to refuse. */
const TransformText = (change: (text: string) => string | null): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? change(value) : value));

/** White space around the text is removed. */
export const Trimmed = (): PropertyDecorator => TransformText((text) => text.trim());

/** Text of nothing but white space counts as null. */
export const BlankIsNull = (): PropertyDecorator => TransformText((text) => (text.trim() === '' ? null : text));

/** Half of a surrogate pair can't be stored: it becomes U+FFFD, so that what is answered now is what is read later. */
export const WellFormed = (): PropertyDecorator => TransformText((text) => text.toWellFormed());

/** PostgreSQL can't store the character NUL. */
export const HasNoNul = (): PropertyDecorator =>
  NotContains('\0', { message: '$property must not contain the character NUL' });

/** Ids may be written in either case, and mean the same. */
export const LowerCased = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    Array.isArray(value) ? value.map((id: unknown) => (typeof id === 'string' ? id.toLowerCase() : id)) : value,
  );

/** More than white space, unless the rest of the request makes up for it. */
export const HasTextUnless = <T>(isEnough: (request: T) => boolean): PropertyDecorator =>
  ValidateBy({
    name: 'hasText',
    validator: {
      validate: (value: unknown, context) =>
        typeof value === 'string' && (/\S/.test(value) || isEnough(context!.object as T)),
      defaultMessage: () => '$property must hold more than white space',
    },
  });
