/** One event of a stream of server-sent events. */
export interface StreamEvent {
  /** `message` unless named. */
  type: string;
  data: string;
  /** The last event id as of this event; empty before the first. */
  id: string;
}

/**
 * Reads `text/event-stream` (WHATWG HTML, section 9.2.6) from pieces that may end anywhere, also between the two characters of a line's end.
 * The bytes are decoded outside, since one character may come in two pieces.
 */
export class EventStreamParser {
  /** How many milliseconds the server asks to wait before reconnecting; null unless it does. */
  retryMs: number | null = null;
  /** How many comments came: signs of life without an event. */
  comments = 0;
  private line = '';
  private type = '';
  private data: string[] = [];
  private id = '';
  private atStart = true;
  private afterCarriageReturn = false;

  /** @returns the events that this piece completes. An event that the end of the stream cuts off never counts. */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    let text = piece;
    if (this.atStart && text !== '') {
      this.atStart = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.afterCarriageReturn && text !== '') {
      this.afterCarriageReturn = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    const lines = text.split(/\r\n|\r|\n/);
    this.afterCarriageReturn = text === '' ? this.afterCarriageReturn : text.endsWith('\r');
    for (const part of lines.slice(0, -1)) {
      this.take(this.line + part, events);
      this.line = '';
    }
    this.line += lines.at(-1) ?? '';
    return events;
  }

  private take(line: string, events: StreamEvent[]): void {
    if (line === '') return this.dispatch(events);
    const colon = line.indexOf(':');
    if (colon === 0) return void this.comments++;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.type = value;
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  private dispatch(events: StreamEvent[]): void {
    if (this.data.length > 0) events.push({ type: this.type || 'message', data: this.data.join('\n'), id: this.id });
    this.type = '';
    this.data = [];
  }
}
