import type { UIMessageChunk } from 'ai';
import type { Message, Reply } from '../types.js';
import { metadataOf, type ReplyMetadata, sourcePartOf } from './chat-message.js';

type Chunk = UIMessageChunk<ReplyMetadata>;

/** A part that grows: of the text, or of the thoughts. */
interface OpenPart {
  kind: 'text' | 'reasoning';
  id: string;
}

/**
 * A reply in the words of the AI SDK's streams. A part begins with its first piece, so that `status` is `submitted` for as long
 * as the reply is queued; thoughts between two pieces of text end the part of the first.
 *
 * @param reply is asked for when the first chunk is read
 */
async function* chunksOf(reply: () => Reply): AsyncGenerator<Chunk, void> {
  let parts = 0;
  let sources = 0;
  let open = null as OpenPart | null;
  for await (const event of reply()) {
    switch (event.type) {
      case 'accepted':
        yield { type: 'start', messageId: event.reply.id, messageMetadata: startOf(event) };
        yield { type: 'start-step' };
        break;
      case 'thought':
      case 'delta': {
        const kind = event.type === 'delta' ? 'text' : 'reasoning';
        if (open?.kind !== kind) {
          if (open !== null) yield { type: `${open.kind}-end`, id: open.id };
          open = { kind, id: `${kind}-${++parts}` };
          yield { type: `${kind}-start`, id: open.id };
        }
        yield { type: `${kind}-delta`, id: open.id, delta: event.text };
        break;
      }
      case 'sources':
        // Parts of sources can be added alone.
        for (; sources < event.sources.length; sources++) yield sourcePartOf(event.sources[sources]!, sources);
        break;
      case 'reset':
        open = null;
        sources = 0;
        yield { type: 'reset-step' };
        break;
      case 'done':
        if (open !== null) yield { type: `${open.kind}-end`, id: open.id };
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
