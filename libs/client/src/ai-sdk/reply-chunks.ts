import type { UIMessageChunk } from 'ai';
import type { Message, Reply } from '../types.js';
import { metadataOf, type ReplyMetadata } from './chat-message.js';

type Chunk = UIMessageChunk<ReplyMetadata>;

/**
 * A reply in the words of the AI SDK's streams. The text begins with its first piece, so that `status` is `submitted` for as long
 * as the reply is queued.
 *
 * @param reply is asked for when the first chunk is read
 */
async function* chunksOf(reply: () => Reply): AsyncGenerator<Chunk, void> {
  let texts = 0;
  let open: string | null = null;
  for await (const event of reply()) {
    switch (event.type) {
      case 'accepted':
        yield { type: 'start', messageId: event.reply.id, messageMetadata: startOf(event) };
        yield { type: 'start-step' };
        break;
      case 'delta':
        if (open === null) {
          open = `text-${++texts}`;
          yield { type: 'text-start', id: open };
        }
        yield { type: 'text-delta', id: open, delta: event.text };
        break;
      case 'reset':
        open = null;
        yield { type: 'reset-step' };
        break;
      case 'done':
        if (open !== null) yield { type: 'text-end', id: open };
        yield { type: 'message-metadata', messageMetadata: metadataOf(event.message) };
        yield lastChunk(event.message);
        break;
      case 'reconnecting':
        break;
    }
  }
}

const startOf = ({ reply, quota }: Awaited<Reply['accepted']>): ReplyMetadata => ({
  ...metadataOf(reply),
  ...(quota !== null && { quota }),
});

function lastChunk({ status, error }: Message): Chunk {
  // The code of an error has no place here; it is in the metadata.
  if (status === 'failed') return { type: 'error', errorText: error?.detail ?? 'The reply failed.' };
  return { type: 'finish', finishReason: status === 'blocked' ? 'content-filter' : 'stop' };
}

/**
 * As a stream, which reads only as fast as it is read.
 *
 * @param onEnd is called once, when it is read to its end, cancelled or broken
 */
export function streamOf(reply: () => Reply, onEnd: () => void): ReadableStream<Chunk> {
  const chunks = chunksOf(reply);
  return new ReadableStream<Chunk>(
    {
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        onEnd();
      },
      cancel() {
        onEnd();
      },
    },
    { highWaterMark: 0 },
  );
}
