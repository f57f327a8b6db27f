import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AuthenticatedUser, SessionRevocationService } from '@app/auth';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { encode } from 'eventsource-encoder';
import type { FastifyReply } from 'fastify';
import { MessageNotFoundError } from '../messages/message.errors.js';
import { isFinal } from '../messages/message.row.js';
import type { ReplyRow } from '../messages/message.store.js';
import { doneEventId, eventId, parsePosition, type ReplyPosition } from './reply-position.js';
import { ReplyReaderService, type ReplyReading, type ReplyTarget } from './reply-reader.service.js';
import { ReplyStreamConfig } from './reply-stream.config.js';
import { TooManyStreamsError } from './stream.errors.js';

/** One server-sent event; data is sent as JSON. */
interface ServerSentEvent {
  event: string;
  id: string;
  data: unknown;
}

/** What was accepted, and the reply that is to be streamed. */
export interface AcceptedReply {
  target: ReplyTarget;
  /** Whether the request repeats an earlier one, by its idempotency key. */
  replayed: boolean;
  /** The data of the event `accepted`. */
  data: object;
}

/** What a stream is written from. */
interface StreamSource {
  /** What is written first, at once. */
  head: string;
  /** Begins to follow the reply; null when there is none (any more). */
  open: () => Promise<ReplyReading | null>;
  /** Where the client is. */
  from: ReplyPosition | null;
}

/**
 * After how many milliseconds clients reconnect. No blank line ends it, nor a comment: widespread clients would take that for
 * an empty event.
 */
const BEGINNING = 'retry: 500\n';
const HEARTBEAT = ':\n';

/** Comments keep proxies from closing a silent connection; one is promised at least every 15 s. */
const HEARTBEAT_MS = 10_000;

/** How long a client may take nothing of what is written to it. */
const STALLED_MS = 60_000;

/** Writes replies to HTTP clients as `text/event-stream` (WHATWG HTML, section 9.2), at each client's own pace. */
@Injectable()
export class ReplyStreamService implements OnModuleDestroy {
  private readonly logger = new Logger(ReplyStreamService.name);
  private readonly openStreams = new Set<AbortController>();
  private readonly openByUser = new Map<string, number>();

  constructor(
    private readonly reader: ReplyReaderService,
    private readonly revocations: SessionRevocationService,
    private readonly config: ReplyStreamConfig,
  ) {}

  /**
   * Streams a reply to its end: after `done`, or when the client hangs up, its session ends, or the process shuts down. The
   * last two leave the reply unfinished, and the client reconnects with `Last-Event-ID`. With the id of `done` in it there is
   * nothing more to come: 204, at which an `EventSource` stops.
   *
   * @throws MessageNotFoundError, TooManyStreamsError before anything is sent
   */
  async stream(
    http: FastifyReply,
    user: AuthenticatedUser,
    target: ReplyTarget,
    lastEventId: string | undefined,
  ): Promise<void> {
    const reading = await this.reader.open(target);
    if (reading === null) throw new MessageNotFoundError();
    try {
      if (hasRead(reading.reply, lastEventId)) return void http.code(204).send();
      const source = { head: BEGINNING, open: async () => reading, from: parsePosition(target.replyId, lastEventId) };
      await this.inSlot(user, (abort) => this.write(http, source, abort));
    } finally {
      this.reader.close(reading);
    }
  }

  /**
   * Accepts something whose answer is the stream of its reply, and streams that, beginning with an event `accepted`. A slot is
   * taken before anything is accepted, since afterwards it is too late to refuse.
   *
   * @param lastEventId counts only where the request was a repeated one: at a new reply no client is anywhere yet
   * @throws TooManyStreamsError, and what `accept` throws, before anything is sent
   */
  async streamAccepted(
    http: FastifyReply,
    user: AuthenticatedUser,
    lastEventId: string | undefined,
    accept: () => Promise<AcceptedReply>,
  ): Promise<void> {
    await this.inSlot(user, async (abort) => {
      const { target, replayed, data } = await accept();
      const known = replayed ? lastEventId : undefined;
      if (await this.hasEnded(target, known)) return void http.code(204).send();
      const from = parsePosition(target.replyId, known);
      // A client that is dropped right behind this event reconnects with its id: it must not tell of another position.
      const first = frame({ event: 'accepted', id: eventId(target.replyId, from), data });
      await this.write(http, { head: BEGINNING + first, open: () => this.reader.open(target), from }, abort);
    });
  }

  /** Whether the client has read the reply to its end. Reads it only for one that says so. */
  private async hasEnded(target: ReplyTarget, lastEventId: string | undefined): Promise<boolean> {
    if (lastEventId !== doneEventId(target.replyId)) return false;
    const reading = await this.reader.open(target);
    if (reading === null) throw new MessageNotFoundError();
    this.reader.close(reading);
    return hasRead(reading.reply, lastEventId);
  }

  /** Ends all streams, for the process is shutting down. */
  onModuleDestroy(): void {
    for (const abort of this.openStreams) abort.abort();
  }

  /**
   * Counts a stream for its user while it is open, and ends it when the session ends.
   *
   * @throws TooManyStreamsError when the user has no slot for one more
   */
  private async inSlot(
    { userId, sessionId }: AuthenticatedUser,
    work: (abort: AbortController) => Promise<void>,
  ): Promise<void> {
    const open = this.openByUser.get(userId) ?? 0;
    if (open >= this.config.STREAMS_PER_USER) throw new TooManyStreamsError();
    this.openByUser.set(userId, open + 1);
    const abort = new AbortController();
    this.openStreams.add(abort);
    const stopListening = this.revocations.onRevoked(sessionId, () => abort.abort());
    try {
      await work(abort);
    } finally {
      stopListening();
      this.openStreams.delete(abort);
      const left = (this.openByUser.get(userId) ?? 1) - 1;
      if (left === 0) this.openByUser.delete(userId);
      else this.openByUser.set(userId, left);
    }
  }

  private async write(http: FastifyReply, { head, open, from }: StreamSource, abort: AbortController): Promise<void> {
    http.hijack();
    const response = http.raw;
    response.once('close', () => abort.abort());
    // A client that hung up while its message was being accepted is past that event.
    if (response.destroyed) abort.abort();
    let reading: ReplyReading | null = null;
    let heartbeat: NodeJS.Timeout | undefined;
    try {
      response.writeHead(200, {
        ...definedHeaders(http),
        // In lower case as those above, some of which they replace.
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      heartbeat = setInterval(() => void response.write(HEARTBEAT), HEARTBEAT_MS);
      response.write(head);
      reading = await open();
      // HEAD asks for the headers alone, and would wait for the reply's end to no purpose.
      if (reading !== null && http.request.method !== 'HEAD')
        await this.writeEvents(response, reading, from, abort.signal);
    } catch (error) {
      // The answer has begun, so all that can be done is to end it: the client reconnects and goes on.
      if (!abort.signal.aborted) this.logger.warn(`A stream broke off: ${(error as Error).message}`);
    } finally {
      if (reading !== null) this.reader.close(reading);
      clearInterval(heartbeat);
      response.end();
    }
  }

  private async writeEvents(
    response: ServerResponse,
    reading: ReplyReading,
    from: ReplyPosition | null,
    abort: AbortSignal,
  ): Promise<void> {
    for await (const event of this.reader.read(reading, from, abort)) {
      if (!response.write(frame(event))) await drained(response, abort);
    }
  }
}

/** Waits until the client has taken what was written; one that takes nothing for long is cut off, and can reconnect. */
async function drained(response: ServerResponse, abort: AbortSignal): Promise<void> {
  const timeout = setTimeout(() => response.destroy(), STALLED_MS);
  try {
    await once(response, 'drain', { signal: abort });
  } finally {
    clearTimeout(timeout);
  }
}

/** Whether a client has read a reply to its end, by the id of the last event that it has. */
const hasRead = (reply: ReplyRow, lastEventId: string | undefined): boolean =>
  isFinal(reply.status) && lastEventId === doneEventId(reply.id);

const frame = ({ event, id, data }: ServerSentEvent): string => encode({ event, id, data: JSON.stringify(data) });

/** The headers that hooks and guards have set: a hijacked answer has to take them along itself. */
function definedHeaders(http: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(http.getHeaders()).filter(
      (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
    ),
  );
}
