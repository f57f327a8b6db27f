import fc from 'fast-check';
import { jsonText } from './json-text.js';

async function* streamed(...items: unknown[]): AsyncGenerator<unknown> {
  for (const item of items) yield await Promise.resolve(item);
}

async function textOf(value: unknown): Promise<string> {
  let text = '';
  for await (const piece of jsonText(value)) text += piece;
  return text;
}

describe('jsonText', () => {
  it('writes what JSON.stringify writes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await textOf(value)).toBe(JSON.stringify(value));
        expect(await textOf({ value, rows: streamed(value) })).toBe(JSON.stringify({ value, rows: [value] }));
        expect(await textOf(streamed(value, { deep: { rows: streamed() } }, value))).toBe(
          JSON.stringify([value, { deep: { rows: [] } }, value]),
        );
      }),
    );
  });

  it('knows times, and leaves out what is undefined', async () => {
    const time = new Date(0);
    const value = { time, nothing: undefined, rows: streamed(undefined, { nothing: undefined }) };
    expect(await textOf(value)).toBe(JSON.stringify({ time, rows: [null, {}] }));
  });

  it('asks a function when its turn comes', async () => {
    let asked = 0;
    const parts = {
      one: () => ++asked,
      two: { deep: () => Promise.resolve([++asked]) },
      three: () => streamed(++asked),
    };
    const text = jsonText(parts);
    await text.next();
    expect(asked).toBe(0);
    expect(await textOf(parts)).toBe('{"one":1,"two":{"deep":[2]},"three":[3]}');
  });

  it('reads no item before the pieces before it were taken, and ends the source when it is left', async () => {
    const events: string[] = [];
    async function* source(): AsyncGenerator<number> {
      try {
        for (let item = 0; ; item++) {
          events.push(`read ${item}`);
          yield await Promise.resolve(item);
        }
      } finally {
        events.push('ended');
      }
    }
    for await (const piece of jsonText({ rows: source() })) {
      events.push(piece);
      if (piece === '1') break;
    }
    expect(events).toEqual(['{"rows":', 'read 0', '[', '0', 'read 1', ',', '1', 'ended']);
  });

  it('fails where its source fails', async () => {
    async function* source(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      throw new Error('broken');
    }
    await expect(textOf({ rows: source() })).rejects.toThrow('broken');
    await expect(textOf({ part: () => Promise.reject(new Error('refused')) })).rejects.toThrow('refused');
  });
});
