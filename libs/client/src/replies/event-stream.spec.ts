import fc from 'fast-check';
import { EventStreamParser, type StreamEvent } from './event-stream.js';

/** Reads bytes that arrive in these pieces, as the client does. */
function read(pieces: Uint8Array[]): { events: StreamEvent[]; parser: EventStreamParser } {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parser = new EventStreamParser();
  const events = pieces.flatMap((piece) => parser.push(decoder.decode(piece, { stream: true })));
  return { events, parser };
}

const readText = (text: string): StreamEvent[] => read([new TextEncoder().encode(text)]).events;

function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

const value = fc
  .array(fc.constantFrom('a', ':', ' ', 'é', '世', '🌍', '\u2028', '\ufeff', '"'), { maxLength: 12 })
  .map((units) => units.join(''));
const name = fc.constantFrom('delta', 'reset', 'done');
const lineEnd = fc.constantFrom('\n', '\r', '\r\n');
const event = fc.record({
  type: fc.option(name),
  id: fc.option(fc.stringMatching(/^[a-z0-9-]{1,8}$/)),
  data: fc.array(value, { minLength: 1, maxLength: 3 }),
});
const comment = fc.option(value);
const stream = fc.record({
  hasMark: fc.boolean(),
  parts: fc.array(fc.record({ event, comment, end: lineEnd, hasSpace: fc.boolean() }), { maxLength: 6 }),
});
type Stream = typeof stream extends fc.Arbitrary<infer Value> ? Value : never;

/** A stream as a server may write it. Fields have one kind of line end each, events differ. */
function written({ hasMark, parts }: Stream): string {
  const texts = parts.map(({ event: { type, id, data }, comment: said, end, hasSpace }) => {
    const field = (key: string, content: string) =>
      `${key}:${hasSpace || content.startsWith(' ') ? ' ' : ''}${content}${end}`;
    const head = [
      said === null ? '' : `:${said}${end}`,
      type === null ? '' : field('event', type),
      id === null ? '' : field('id', id),
    ];
    return [...head, ...data.map((line) => field('data', line)), end].join('');
  });
  return (hasMark ? '\ufeff' : '') + texts.join('');
}

/** What it means. */
function meant({ parts }: Stream): StreamEvent[] {
  let id = '';
  return parts.map(({ event: now }) => {
    id = now.id ?? id;
    return { type: now.type ?? 'message', data: now.data.join('\n'), id };
  });
}

describe('the parser of event streams', () => {
  it('reads every stream, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (given, places) => {
        const bytes = new TextEncoder().encode(written(given));
        expect(read(cut(bytes, places)).events).toEqual(meant(given));
        expect(read([...bytes].map((byte) => Uint8Array.of(byte))).events).toEqual(meant(given));
      }),
      { numRuns: 500 },
    );
  });

  it('never counts an event whose end is missing', () => {
    expect(readText('data: 1\n\ndata: 2\n')).toEqual([{ type: 'message', data: '1', id: '' }]);
  });

  it('keeps the last id for events without one, and ignores one with a null', () => {
    const ids = readText('id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n').map(({ id }) => id);
    expect(ids).toEqual(['1', '1', '1', '']);
  });

  it('takes fields without a colon, ignores unknown ones, and drops events without data', () => {
    expect(readText('event: x\n\nwhat: ever\ndata\ndata\n\n')).toEqual([{ type: 'message', data: '\n', id: '' }]);
  });

  it('knows how long to wait before reconnecting, and counts signs of life', () => {
    const { parser } = read([new TextEncoder().encode('retry: 500\nretry: 1e3\n: still here\n:\n')]);
    expect(parser).toMatchObject({ retryMs: 500, comments: 2 });
  });
});
