import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EventStream, type StreamEvent } from '../support/http/event-stream.js';
import type { HttpClient } from '../support/http/http-client.js';
import type { Accepted, Message } from '../support/messages.js';

/** A request that took longer is late: its client has waited for a connection to be tried again. */
const LATE_MS = 2_000;

/** After how many milliseconds a client reconnects, as the stream's beginning says. */
const RECONNECT_MS = 500;

/** More connections than that aren't needed for one answer, whatever is rolled. */
const MAX_CONNECTIONS = 6;

/** What all clients together met with. */
export class Tally {
  requests = 0;
  late = 0;
  /** Streams that ended before their answer did, and were resumed. */
  resumed = 0;
  /** Those of them that didn't end in order. */
  cut = 0;
  readonly failed: string[] = [];
  readonly lost: string[] = [];
  readonly read = new Map<string, string>();

  /** Counts a request, which is to give something; null when it has failed. */
  async count<T>(what: string, request: () => Promise<T>): Promise<T | null> {
    const begun = Date.now();
    this.requests++;
    try {
      return await request();
    } catch (error) {
      const { message, cause } = error as Error;
      this.failed.push(`${what}: ${message}${cause instanceof Error ? `, ${cause.message}` : ''}`);
      return null;
    } finally {
      if (Date.now() - begun > LATE_MS) this.late++;
    }
  }

  /** The figures alone. */
  summary(): Record<string, number> {
    const { requests, late, resumed, cut, failed, lost, read } = this;
    return { requests, failed: failed.length, late, streams: read.size, resumed, cut, lost: lost.length };
  }
}

/** A user who sends again and again, reads along, and lists the room. No request is repeated that has failed. */
export class RollingClient {
  private sent = 0;

  /**
   * @param http of its user, through a proxy
   * @param prompt what it sends, besides a number
   */
  constructor(
    private readonly http: HttpClient,
    private readonly room: string,
    private readonly prompt: string,
    private readonly tally: Tally,
  ) {}

  /** Ends after the answer that is under way when the signal aborts. */
  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await this.converse();
      const list = () => this.expect(this.http.get(`/chatroom/${this.room}?limit=5`), 200);
      await this.tally.count('list', list);
      await this.tally.count('rooms', () => this.expect(this.http.get('/chatroom'), 200));
      await pause(50);
    }
  }

  /** One message: with an idempotency key, without one, or with the answer's stream in the same request. */
  private async converse(): Promise<void> {
    const number = ++this.sent;
    const content = `${number} ${this.prompt}`;
    if (number % 3 === 0) {
      const sending = () => EventStream.sending(this.http, this.room, content);
      const stream = await this.tally.count('send and stream', sending);
      if (stream !== null) await this.readOn(null, stream);
      return;
    }
    const headers: Record<string, string> = number % 3 === 1 ? { 'idempotency-key': `"${randomUUID()}"` } : {};
    const sending = this.http.post<Accepted>(`/chatroom/${this.room}/message`, { content }, headers);
    const accepted = await this.tally.count('send', () => this.expect(sending, 202));
    if (accepted !== null) await this.readOn(accepted.reply, null);
  }

  private async expect<T>(answer: Promise<{ status: number; body: T }>, status: number): Promise<T> {
    const { status: got, body } = await answer;
    if (got !== status) throw new Error(`${got} ${JSON.stringify(body)}`);
    return body;
  }

  /** Reads a reply to its end, from one connection to the next, and compares what was read with what is stored. */
  private async readOn(reply: Message | null, opened: EventStream | null): Promise<void> {
    const events: StreamEvent[] = [];
    let stream = opened;
    let target = reply;
    for (let connections = 1; connections <= MAX_CONNECTIONS; connections++) {
      if (target !== null) stream ??= await this.open(target, events.at(-1)?.id);
      await stream?.ended.catch(() => this.tally.cut++);
      events.push(...(stream?.events ?? []));
      stream = null;
      target ??= (events[0]?.data['reply'] as Message | undefined) ?? null;
      if (target === null) break;
      if (events.at(-1)?.event === 'done') return this.compare(target, events);
      this.tally.resumed++;
      await pause(RECONNECT_MS);
    }
    this.tally.lost.push(`${target?.id ?? 'a reply'} has no end after ${events.length} events`);
  }

  private open(reply: Message, lastEventId: string | undefined): Promise<EventStream | null> {
    return this.tally.count('stream', () => EventStream.ofReply(this.http, reply, lastEventId));
  }

  private compare({ id }: Message, events: StreamEvent[]): void {
    const reset = events.findLastIndex(({ event }) => event === 'reset');
    const deltas = events.slice(reset + 1).filter(({ event }) => event === 'delta');
    const text = deltas.map(({ data }) => data['text'] as string).join('');
    const { content } = events.at(-1)?.data as unknown as Message;
    if (text !== content) this.tally.lost.push(`${id}: read ${text.length} characters of ${content.length}`);
    this.tally.read.set(id, text);
  }
}
