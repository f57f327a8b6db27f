import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { eventually } from '../../../../test/support/eventually.js';
import { unzipped } from '../../../../test/support/files/unzipped.js';
import { type ZipEntry, zipOf } from './zip.js';

const modifiedAt = new Date('2026-01-02T03:04:05Z');

/** An entry of so many bytes, each of this value, and what becomes of it. */
function entry(path: string, bytes: number, value = 1) {
  const seen = { opened: false, given: 0, closed: false };
  const open = (signal: AbortSignal) => {
    seen.opened = true;
    async function* give() {
      for (let left = bytes; left > 0; left -= 65_536) {
        await Promise.resolve();
        seen.given += Math.min(left, 65_536);
        yield Buffer.alloc(Math.min(left, 65_536), value);
      }
    }
    const stream = Readable.from(give(), { signal });
    stream.once('close', () => (seen.closed = true));
    return stream;
  };
  return { path, bytes, modifiedAt, open, seen };
}

async function* of(...entries: ZipEntry[]): AsyncGenerator<ZipEntry> {
  for (const each of entries) yield await Promise.resolve(each);
}

const archive = (...entries: ZipEntry[]) => buffer(zipOf(of(...entries)));

describe('an archive', () => {
  it('has every file with its bytes', async () => {
    const files = await unzipped(
      await archive(entry('a/x.png', 200_000, 7), entry('b/é.txt', 1, 8), entry('c/x', 70_000)),
    );
    expect([...files.keys()]).toEqual(['a/x.png', 'b/é.txt', 'c/x']);
    expect(files.get('a/x.png')!.equals(Buffer.alloc(200_000, 7))).toBe(true);
    expect(files.get('b/é.txt')!.equals(Buffer.alloc(1, 8))).toBe(true);
    expect(files.get('c/x')!.equals(Buffer.alloc(70_000, 1))).toBe(true);
  });

  it('of no files is an empty one', async () => {
    expect((await unzipped(await archive())).size).toBe(0);
  });

  it('is read no further than its reader goes, and left when the reader leaves', async () => {
    const [large, next] = [entry('large', 50_000_000), entry('next', 1)];
    for await (const chunk of zipOf(of(large, next))) if (chunk.length > 1_000) break;
    await eventually(() => large.seen.closed);
    expect(large.seen.given).toBeLessThan(5_000_000);
    expect(next.seen.opened).toBe(false);
  });

  it('can be left before its first file was opened', async () => {
    const first = entry('first', 1);
    const reading = zipOf(of(first));
    await reading.return(undefined);
    expect(first.seen.opened).toBe(false);
  });

  it('fails as a file fails, and when one has other bytes than it should', async () => {
    const broken = { ...entry('x', 100_000), open: () => Readable.from(fails()) };
    await expect(archive(entry('before', 10), broken)).rejects.toThrow('The store is away');
    await expect(archive({ ...entry('x', 5), bytes: 6 })).rejects.toThrow('unexpected number of bytes');
  });

  it('fails when its list of files fails', async () => {
    async function* list() {
      yield entry('x', 1);
      await once(AbortSignal.timeout(1), 'abort');
      throw new Error('The database is away');
    }
    await expect(buffer(zipOf(list()))).rejects.toThrow('The database is away');
  });
});

async function* fails(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(10));
  throw new Error('The store is away');
}
