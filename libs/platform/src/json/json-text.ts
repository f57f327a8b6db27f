/**
 * Writes a value as JSON, piece by piece, as `JSON.stringify` would write it whole. An async iterable in it, at any depth of plain
 * objects and async iterables, stands for an array: its items are read when the pieces before were taken, and one at a time.
 */
export async function* jsonText(value: unknown): AsyncGenerator<string> {
  const known = await value;
  if (isAsyncIterable(known)) yield* textOfArray(known);
  else if (isPlainObject(known) && holdsAsyncIterable(known)) yield* textOfObject(known);
  else yield textOf(known);
}

async function* textOfArray(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  let separator = '[';
  for await (const item of items) {
    yield separator;
    separator = ',';
    yield* jsonText(item);
  }
  yield separator === '[' ? '[]' : ']';
}

async function* textOfObject(object: object): AsyncGenerator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ',';
    yield* jsonText(value);
  }
  yield '}';
}

/** What JSON has no words for is null, as it is in an array. */
const textOf = (value: unknown): string => (JSON.stringify(value) as string | undefined) ?? 'null';

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const holdsAsyncIterable = (object: object): boolean =>
  Object.values(object).some((value) => isAsyncIterable(value) || (isPlainObject(value) && holdsAsyncIterable(value)));
