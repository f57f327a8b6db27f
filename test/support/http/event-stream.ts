import { randomUUID } from 'node:crypto';
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

  private constructor(
    private readonly response: Response,
    hangUp: AbortController,
  ) {
    this.hangUp = hangUp;
    this.ended = this.read(response);
    this.ended.catch(() => undefined);
  }

  /** @throws Error with the status, unless it is 200, or 204: a stream without events */
  static async open(url: string, init: RequestInit): Promise<EventStream> {
    const hangUp = new AbortController();
    const response = await fetch(url, { ...init, signal: hangUp.signal });
    if (![200, 204].includes(response.status))
      throw new Error(`The stream answered ${response.status}: ${await response.text()}`);
    return new EventStream(response, hangUp);
  }

  /** A reply's stream, with the client's token. */
  static ofReply(http: HttpClient, { chatroomId, id }: Message, lastEventId?: string): Promise<EventStream> {
    const headers = { ...http.authorization, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) };
    return EventStream.open(`${http.base}/chatroom/${chatroomId}/message/${id}/stream`, { headers });
  }

  /** Sends a message, and streams its reply. */
  static sending(
    http: HttpClient,
    room: string,
    content: string,
    headers: Record<string, string> = { 'idempotency-key': randomUUID() },
  ): Promise<EventStream> {
    return EventStream.posting(http, `/chatroom/${room}/message/stream`, headers, { content });
  }

  /** Posts to a path whose answer is a stream. */
  static posting(http: HttpClient, path: string, headers: Record<string, string>, body?: object): Promise<EventStream> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    return EventStream.open(`${http.base}${path}`, {
      method: 'POST',
      headers: { ...http.authorization, ...json, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  get status(): number {
    return this.response.status;
  }

  get headers(): Headers {
    return this.response.headers;
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
    if (response.body === null) return;
    const parsed = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { event, id, data } of parsed as unknown as AsyncIterable<EventSourceMessage>) {
      this.events.push({ event: event ?? 'message', id: id ?? '', data: JSON.parse(data) as StreamEvent['data'] });
    }
  }
}
