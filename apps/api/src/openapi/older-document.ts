import type { OpenAPIObject } from '@nestjs/swagger';

/**
 * The same description in OpenAPI 3.0.3, for generators that read nothing newer. The document uses little that is new in 3.1: what
 * isn't translated here is found by the linter in the tests. The package that does this for any document needs a compiler of
 * TypeScript to run.
 */
export const toOpenApi30 = (document: OpenAPIObject): OpenAPIObject => ({
  ...(toSchema30(document) as OpenAPIObject),
  openapi: '3.0.3',
});

/**
 * Translates the keywords of schemas, wherever they are: `type: [T, "null"]` and `examples: [example]`. Of an enum, null is left to
 * `nullable`: generators of that age make a value of its own of it.
 */
function toSchema30(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSchema30);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]: [string, unknown]) => {
      if (key === 'type' && Array.isArray(each)) return nullableType(each);
      if (key === 'examples' && Array.isArray(each)) return [['example', each[0]]];
      if (key === 'enum' && Array.isArray(each)) return [[key, each.filter((one) => one !== null)]];
      return [[key, toSchema30(each)]];
    }),
  );
}

function nullableType(types: unknown[]): [key: string, value: unknown][] {
  const [type, ...others] = types.filter((each) => each !== 'null');
  if (others.length > 0) throw new Error(`OpenAPI 3.0 has no type ${types.join(' or ')}.`);
  return [
    ['type', type],
    ['nullable', types.includes('null')],
  ];
}
