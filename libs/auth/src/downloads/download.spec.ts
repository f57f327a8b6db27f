import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { eventually } from '../../../../test/support/eventually.js';
import { download as downloadOf, type DownloadLimits, inChunks } from './download.js';

const GENEROUS = { stalledMs: 60_000, totalMs: 60_000 };

const download = (pieces: AsyncIterable<string>, limits: DownloadLimits) => downloadOf(inChunks(pieces), limits);

/** Pieces without end, and what became of them. */
function endless() {
  const source = { pieces: 0, ended: false, text: pieces() };
  async function* pieces(): AsyncGenerator<string> {
    try {
      for (;;) {
        source.pieces++;
        yield await Promise.resolve('x'.repeat(1_024));
      }
    } finally {
      source.ended = true;
    }
  }
  return source;
}

async function* of(...pieces: string[]): AsyncGenerator<string> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

const failureOf = (stream: Readable): Promise<Error> => new Promise((resolve) => void stream.once('error', resolve));

describe('a download', () => {
  it('is all of the text', async () => {
    const pieces = Array.from({ length: 5_000 }, (_, index) => `${index} `);
    expect(await text(download(of(...pieces, 'y'.repeat(100_000)), GENEROUS))).toBe(
      `${pieces.join('')}${'y'.repeat(100_000)}`,
    );
    expect(await text(download(of(), GENEROUS))).toBe('');
  });

  it('makes no more text than its reader takes, and leaves its source when it is left', async () => {
    const source = endless();
    const stream = download(source.text, { ...GENEROUS, stalledMs: 50 });
    const failure = failureOf(stream);
    stream.once('readable', () => stream.read());
    await failure;
    await eventually(() => source.ended);
    expect(source.pieces).toBeLessThan(200);
  });

  it('fails when its reader takes nothing for too long, but not for being slow', async () => {
    const stream = download(endless().text, { ...GENEROUS, stalledMs: 200 });
    const failure = failureOf(stream);
    let chunks = 0;
    // Each chunk is taken 50 ms after the one before; the sixth and later ones are not.
    const reader = setInterval(() => {
      if (chunks < 6 && stream.read() !== null) chunks++;
    }, 50);
    expect((await failure).message).toBe('the reader took nothing for too long');
    clearInterval(reader);
    expect(chunks).toBe(6);
  });

  it('fails when it takes too long, though it is read', async () => {
    await expect(text(download(endless().text, { ...GENEROUS, totalMs: 100 }))).rejects.toThrow('it took too long');
  });

  it('fails when the text cannot be made', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield await Promise.resolve('{"account":');
      throw new Error('broken');
    }
    await expect(text(download(broken(), GENEROUS))).rejects.toThrow('broken');
  });

  it('lets other work have its turn', async () => {
    const pieces = Array.from({ length: 2_000 }, () => 'x'.repeat(1_024));
    const reading = text(download(of(...pieces), GENEROUS));
    let turns = 0;
    // Not a timer, which has one turn a millisecond at most: a busy machine leaves few of those.
    const takeTurn = () => {
      turns++;
      other = setImmediate(takeTurn);
    };
    let other = setImmediate(takeTurn);
    await reading;
    clearImmediate(other);
    expect(turns).toBeGreaterThan(20);
  });
});
