/**
 * Writes a value as JSON, piece by piece, as `JSON.stringify` would write it whole. Two things in it, at any depth of plain objects,
 * are read when the pieces before were taken: an async iterable, which stands for an array, item by item; and a function, which gives
 * a value or a promise of one.
 */
export async function* jsonText(value: unknown): AsyncGenerator<string> {
  if (isFunction(value)) yield* jsonText(await value());
  else if (isAsyncIterable(value)) yield* textOfArray(value);
  else if (isPlainObject(value) && Object.values(value).some(isReadLater)) yield* textOfObject(value);
  else yield textOf(value);
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
const textOf = (value: unknown): string => JSON.stringify(value) ?? 'null';

const isFunction = (value: unknown): value is () => unknown => typeof value === 'function';

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const isReadLater = (value: unknown): boolean =>
  isFunction(value) || isAsyncIterable(value) || (isPlainObject(value) && Object.values(value).some(isReadLater));
