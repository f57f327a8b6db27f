import fc from 'fast-check';

/** The part of a JSON schema that the description of the API uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  example?: unknown;
  examples?: unknown[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

/** Texts that have broken parsers, databases and comparisons. */
const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u202d+1 415 555 0123\u202c',
  '\u200e\ufe0f',
  '\ud800',
  'x\udfff',
  '😀'.repeat(50),
  'e\u0301',
  'İıßς',
  '%00',
  '%',
  "'; DROP TABLE message; --",
  '${7*7}{{7*7}}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '__proto__',
  'null',
  'NaN',
  '-1',
  '1e1',
  '0x10',
  '9'.repeat(40),
  '٠١٢٣٤٥',
  '\r\nX-Injected: yes',
];

const ODD_VALUES: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  [],
  {},
  [[]],
  { toString: 1 },
  { $gt: '' },
  { length: 3 },
];

const oddText = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary', maxLength: 60 }));
const longText = fc.constantFrom(201, 8_001, 40_000).map((length) => '界'.repeat(length));

/** A value that a schema probably refuses. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(oddText, fc.constantFrom(...ODD_VALUES), fc.jsonValue());

/** Of ten values eight as the schema has them, and two that are odd. */
export const value = (schema: Schema, resolve: (ref: string) => Schema): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 8, arbitrary: good(schema, resolve) },
    { weight: 1, arbitrary: oddValue },
    { weight: 1, arbitrary: longText },
  );

/** A value that follows the schema, as far as a schema says it. */
function good(schema: Schema, resolve: (ref: string) => Schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return good(resolve(schema.$ref), resolve);
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, resolve)));
}

function ofType(type: string, schema: Schema, resolve: (ref: string) => Schema): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 1_000 });
    case 'array':
      return fc.array(good(schema.items ?? {}, resolve), { maxLength: 3 });
    case 'string':
      return text(schema);
    default:
      return object(schema, resolve);
  }
}

function text(schema: Schema): fc.Arbitrary<unknown> {
  const known = [schema.example, ...(schema.examples ?? []), ...(schema.enum ?? [])].filter(
    (each) => each !== undefined,
  );
  const free = fc.string({
    unit: 'grapheme',
    minLength: schema.minLength ?? 0,
    maxLength: Math.min(schema.maxLength ?? 40, 60),
  });
  return known.length === 0
    ? free
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: free });
}

/** Most properties that there are, and at times one that there isn't. */
function object(schema: Schema, resolve: (ref: string) => Schema): fc.Arbitrary<unknown> {
  const entries = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, value(property, resolve)] as const,
  );
  const known = fc.record(Object.fromEntries(entries), { requiredKeys: schema.required ?? [] });
  const extra = fc.oneof(
    { weight: 9, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.dictionary(fc.constantFrom('admin', 'userId', '__proto__', 'id'), oddValue, { maxKeys: 1 }),
    },
  );
  return fc.tuple(known, extra).map(([body, more]) => ({ ...body, ...more }));
}
