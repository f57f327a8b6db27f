import type { Readable } from 'node:stream';

/**
 * Waits for the first bytes of a stream, or for its end. An answer begins after it: a stream that fails before can still be answered with a
 * problem, one that fails later only by cutting the connection.
 *
 * @throws what the stream fails with
 */
export async function untilReadable(stream: Readable): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const event of ['readable', 'error', 'close']) stream.once(event, () => resolve());
  });
  if (stream.errored !== null) throw stream.errored;
}
