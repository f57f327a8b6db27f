import { Readable } from 'node:stream';
import { setImmediate as otherWork } from 'node:timers/promises';

/** How long a download may take. */
export interface DownloadLimits {
  /** For a reader that takes nothing. */
  stalledMs: number;
  /** In all. */
  totalMs: number;
}

/** The characters of a chunk: few enough that a slow reader takes one within the time limit, and that encoding one holds up nothing. */
const CHUNK_LENGTH = 32_768;

/**
 * A stream of what is made as it is read. It is destroyed with an error, so that whoever pipes it into an answer cuts the
 * connection, when making it fails, when its reader takes nothing for too long, or when all takes too long.
 *
 * @param chunks of text or bytes, each of a size that a slow reader takes within the time limit
 */
export function download(
  chunks: AsyncIterable<string> | AsyncIterable<Uint8Array>,
  { stalledMs, totalMs }: DownloadLimits,
): Readable {
  const abort = (reason: string) => () => stream.destroy(new Error(reason));
  const source = watched<string | Uint8Array>(chunks, stalledMs, abort('the reader took nothing for too long'));
  const stream = Readable.from(source, { highWaterMark: 1 });
  const deadline = setTimeout(abort('it took too long'), totalMs);
  stream.once('close', () => clearTimeout(deadline));
  return stream;
}

/** Joins pieces of text, of any lengths, to chunks. Between two chunks other requests have their turn, though no piece may need waiting for. */
export async function* inChunks(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
    await otherWork();
  }
  if (chunk !== '') yield chunk;
}

/** Calls back when the reader of the chunks does not come for the next one in time. */
async function* watched<Chunk>(
  chunks: AsyncIterable<Chunk>,
  stalledMs: number,
  onStalled: () => void,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    const timer = setTimeout(onStalled, stalledMs);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
}
