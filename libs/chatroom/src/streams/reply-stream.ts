import type { ServerResponse } from 'node:http';
import type { ReplyReader, ReplySink } from './reply-reader.js';

/** A comment. No blank line ends it: widespread clients would take that for an empty event. */
const HEARTBEAT = Buffer.from(':\n');

/** A client that takes nothing of what was written, from one heartbeat to the last of so many, is cut off; it can reconnect. */
const STALLED_HEARTBEATS = 7;

/** One client's stream of one reply: from the moment that it has a slot until its connection has taken everything. */
export class ReplyStream implements ReplySink {
  /** What brings it the events; null until then. */
  reader: ReplyReader | null = null;
  hasEnded = false;
  private response: ServerResponse | null = null;
  private isStalled = false;
  private stalledHeartbeats = 0;

  get isFull(): boolean {
    return this.isStalled || this.hasEnded;
  }

  /** @param head what is written first; the HTTP headers have been */
  begin(response: ServerResponse, head: string): void {
    this.response = response;
    response.write(head);
    // Its session has ended, or the client hung up, while its message was being accepted.
    if (this.hasEnded || response.destroyed) this.end();
  }

  write(frame: Buffer): void {
    const { response } = this;
    if (this.hasEnded || response === null || response.write(frame) || this.isStalled) return;
    this.isStalled = true;
    response.once('drain', () => {
      this.isStalled = false;
      this.stalledHeartbeats = 0;
      this.reader?.advance();
    });
  }

  /** Shows that the connection is alive, or cuts it off when the client has taken nothing for long. */
  heartbeat(): void {
    if (!this.isFull) this.write(HEARTBEAT);
    else if (++this.stalledHeartbeats >= STALLED_HEARTBEATS) this.response?.destroy();
  }

  /** Ends it. What was written before still reaches the client. Repeatable. */
  end(): void {
    this.hasEnded = true;
    this.reader?.close();
    this.response?.end();
  }
}
