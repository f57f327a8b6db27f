import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

/** What is said of an enum in answers. */
export interface OpenEnum {
  /** The values that there are now. */
  enum: readonly string[];
  description: string;
  example: string;
  /** Whether there may be none. */
  isNullable?: true;
}

/**
 * Documents an enum to which values may be added without a new version of the API. It stays an `enum`, since with Swift's open
 * form (`anyOf` of the enum and a string) TypeScript's generators lose the values; `x-extensible-enum` is the mark that
 * linters and some generators read.
 */
export const OpenEnumProperty = (known: OpenEnum): PropertyDecorator =>
  ApiProperty({
    enum: known.isNullable === true ? [...known.enum, null] : [...known.enum],
    ...(known.isNullable === true && { type: 'string', nullable: true }),
    description: `${known.description} Values may be added: expect unknown ones.`,
    example: known.example,
    'x-extensible-enum': [...known.enum],
  } as ApiPropertyOptions);
