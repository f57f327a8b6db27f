import { isDeepStrictEqual } from 'node:util';
import type { ReferenceObject, ResponseObject, SchemaObject } from '@nestjs/swagger';

/** A schema, where JSON Schema's way of saying "or null" is allowed (OpenAPI 3.1). */
type NullableSchema = Omit<SchemaObject, 'type'> & { type?: string | string[] };
type Schemas = Record<string, SchemaObject | ReferenceObject>;

/** The pointer to a schema of the document. */
const pointerTo = (name: string): string => `#/components/schemas/${name}`;

/** Moves the schema of an answer's body that has a title among the named ones, by its title; generators name their types so. */
export function nameBodySchemas(schemas: Schemas, { content }: ResponseObject): void {
  for (const media of Object.values(content ?? {})) {
    const { schema } = media;
    if (schema === undefined || '$ref' in schema || schema.title === undefined) continue;
    const { title, ...named } = schema;
    const known = schemas[title];
    if (known !== undefined && !isDeepStrictEqual(known, named)) throw new Error(`There are two schemas ${title}.`);
    schemas[title] = named;
    media.schema = { $ref: pointerTo(title) };
  }
}

/**
 * Gives references to schemas the one form that all generators take: a `$ref` alone. Swift's makes a wrapper of an `allOf` with one
 * schema, and leaves out a property that is `anyOf` a schema and null; Kotlin's doesn't see that such a property may be null.
 * What may be null is the schema itself, which each of its references then leads to.
 *
 * @throws Error about a schema that may be null at one reference and not at another
 */
export function isolateReferences(schemas: Schemas): void {
  const references = new Map<string, Set<boolean>>();
  for (const schema of Object.values(schemas)) {
    if ('$ref' in schema) continue;
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const reference = '$ref' in property ? { $ref: property.$ref, nullable: false } : onlyReference(property);
      if (reference === null) continue;
      schema.properties![name] = { $ref: reference.$ref };
      references.set(reference.$ref, (references.get(reference.$ref) ?? new Set()).add(reference.nullable));
    }
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const nullable = references.get(pointerTo(name));
    if (nullable?.has(true) !== true) continue;
    if (nullable.size > 1) throw new Error(`${name} may be null at one place and not at another.`);
    (schema as NullableSchema).type = ['object', 'null'];
  }
}

/** What a schema refers to, if it does nothing else but describe that, or add null to it; else null. */
function onlyReference({ allOf, anyOf, oneOf }: SchemaObject): { $ref: string; nullable: boolean } | null {
  const options = allOf ?? anyOf ?? oneOf ?? [];
  const nullable = options.some((option) => (option as NullableSchema).type === 'null');
  const [reference, ...others] = options.filter((option) => (option as NullableSchema).type !== 'null');
  if (reference === undefined || !('$ref' in reference) || others.length > 0) return null;
  return { $ref: reference.$ref, nullable };
}
