import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';
import type { HttpClient } from './http-client.js';
import type { Message } from '../messages.js';

/** One event of a reply's stream. */
export interface StreamEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** An open stream of server-sent events. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  /** Resolves when the server has ended the stream, rejects when it was cut. */
  readonly ended: Promise<void>;
  private readonly hangUp = new AbortController();

  private constructor(response: Response, hangUp: AbortController) {
    this.hangUp = hangUp;
    this.ended = this.read(response);
    this.ended.catch(() => undefined);
  }

  /** @throws Error with the status, unless it is 200 */
  static async open(url: string, init: RequestInit): Promise<EventStream> {
    const hangUp = new AbortController();
    const response = await fetch(url, { ...init, signal: hangUp.signal });
    if (response.status !== 200) throw new Error(`The stream answered ${response.status}: ${await response.text()}`);
    return new EventStream(response, hangUp);
  }

  /** A reply's stream, with the client's token. */
  static ofReply(http: HttpClient, { chatroomId, id }: Message, lastEventId?: string): Promise<EventStream> {
    const headers = { ...http.authorization, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
    return EventStream.open(`${http.base}/chatroom/${chatroomId}/message/${id}/stream`, { headers });
  }

  /** The text so far: all deltas since the last reset. */
  get text(): string {
    const reset = this.events.findLastIndex(({ event }) => event === 'reset');
    const deltas = this.events.slice(reset + 1).filter(({ event }) => event === 'delta');
    return deltas.map(({ data }) => data['text'] as string).join('');
  }

  /** The message of the event `done`, once that has arrived. */
  get done(): Message | undefined {
    return this.events.find(({ event }) => event === 'done')?.data as Message | undefined;
  }

  close(): void {
    this.hangUp.abort();
  }

  private async read(response: Response): Promise<void> {
    const parsed = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event, id, data } of parsed as unknown as AsyncIterable<EventSourceMessage>) {
      this.events.push({ event: event ?? 'message', id: id ?? '', data: JSON.parse(data) as StreamEvent['data'] });
    }
  }
}
