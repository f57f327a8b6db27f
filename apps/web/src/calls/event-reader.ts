import type { RawEvent } from './call-record.js';

/** Reads the events of a stream from its bytes, for showing them. What the stream means is the client's to know. */
export class EventReader {
  private readonly decoder = new TextDecoder();
  private rest = '';

  /** @returns the events that these bytes complete */
  push(bytes: Uint8Array): RawEvent[] {
    const blocks = (this.rest + this.decoder.decode(bytes, { stream: true })).split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(readBlock).filter((event) => event !== null);
  }
}

/** @returns null for a comment, or a block that only sets the time to reconnect */
function readBlock(block: string): RawEvent | null {
  const event: RawEvent = { id: null, name: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^(\w+):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'id') event.id = value;
    if (field === 'event') event.name = value;
    if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { ...event, data: data.join('\n') };
}
