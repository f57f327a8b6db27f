/**
 * All rows of a list, read in batches whose sizes `read` decides, each after the rows before were taken.
 *
 * @param read gives the rows behind a key, in the keys' order; from the beginning for null. No rows: the end
 * @param keyOf the key of a row
 */
export async function* inBatches<Row, Key>(
  read: (after: Key | null) => Promise<Row[]>,
  keyOf: (row: Row) => Key,
): AsyncGenerator<Row> {
  let after: Key | null = null;
  for (;;) {
    const rows: Row[] = await read(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = keyOf(last);
    yield* rows;
  }
}
