import { type AuthenticatedUser, SessionRevocationService } from '@app/auth';
import { PeriodicTask, StreamMetrics } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { MessageNotFoundError } from '../messages/message.errors.js';
import { isFinal } from '../messages/message.row.js';
import type { ReplyRow } from '../messages/message.store.js';
import { OpenStreams } from './open-streams.js';
import { doneEventId, eventId, parsePosition, type ReplyPosition } from './reply-position.js';
import type { ReplyTarget } from './reply-reader.js';
import { ReplyReaderService, type ReplyReading } from './reply-reader.service.js';
import { ReplyStreamConfig } from './reply-stream.config.js';
import { ReplyStream } from './reply-stream.js';
import { TooManyStreamsError } from './stream.errors.js';
import { encodeEvent } from './stream-event.js';

/** What was accepted, and the reply that is to be streamed. */
export interface AcceptedReply {
  target: ReplyTarget;
  /** Whether the request repeats an earlier one, by its idempotency key. */
  replayed: boolean;
  /** The data of the event `accepted`. */
  data: object;
}

/** After how many milliseconds clients reconnect. No blank line ends it: widespread clients would take that for an empty event. */
const BEGINNING = 'retry: 500\n';

/** Comments keep proxies from closing a silent connection; one is promised at least every 15 s. */
const HEARTBEAT_MS = 10_000;

/** Not all streams have theirs at once: other work comes in between. */
const HEARTBEAT_GROUPS = 20;

/**
 * Writes replies to HTTP clients as `text/event-stream` (WHATWG HTML, section 9.2), at each client's own pace. A request is
 * over for the framework once its stream has begun: what an open stream holds is its {@link ReplyStream}.
 */
@Injectable()
export class ReplyStreamService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ReplyStreamService.name);
  private readonly streams = new OpenStreams(HEARTBEAT_GROUPS);
  private readonly openByUser = new Map<string, number>();
  private isShuttingDown = false;
  private readonly heartbeats = new PeriodicTask({
    name: 'Heartbeats of open streams',
    intervalMs: HEARTBEAT_MS / HEARTBEAT_GROUPS,
    run: async () => {
      for (const stream of this.streams.next()) stream.heartbeat();
    },
  });

  constructor(
    private readonly readers: ReplyReaderService,
    private readonly revocations: SessionRevocationService,
    private readonly config: ReplyStreamConfig,
    private readonly metrics: StreamMetrics,
  ) {}

  onApplicationBootstrap(): void {
    this.heartbeats.start();
  }

  /** Ends all streams, for the process is shutting down. Those that are still asked for end where they begin. */
  onModuleDestroy(): void {
    this.isShuttingDown = true;
    for (const stream of this.streams.all()) stream.end();
    this.heartbeats.stop();
  }

  /**
   * Begins to stream a reply to its end: after `done`, or when the client hangs up, its session ends, or the process shuts
   * down. The last two leave the reply unfinished, and the client reconnects with `Last-Event-ID`. With the id of `done` in it
   * there is nothing more to come: 204, at which an `EventSource` stops.
   *
   * @throws MessageNotFoundError, TooManyStreamsError before anything is sent
   */
  async stream(
    http: FastifyReply,
    user: AuthenticatedUser,
    target: ReplyTarget,
    lastEventId: string | undefined,
  ): Promise<void> {
    const reading = await this.readers.open(target);
    if (reading === null) throw new MessageNotFoundError();
    try {
      if (hasRead(reading.reply, lastEventId)) {
        this.readers.close(reading.reader);
        return void http.code(204).send();
      }
      const slot = this.takeSlot(user);
      this.begin(http, slot, BEGINNING);
      this.follow(http, slot, reading, parsePosition(target.replyId, lastEventId));
    } catch (error) {
      this.readers.close(reading.reader);
      throw error;
    }
  }

  /**
   * Accepts something whose answer is the stream of its reply, and begins that with an event `accepted`. A slot is taken before
   * anything is accepted, since afterwards it is too late to refuse.
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
    const slot = this.takeSlot(user);
    try {
      const { target, replayed, data } = await accept();
      const known = replayed ? lastEventId : undefined;
      if (await this.hasEnded(target, known)) {
        slot.release();
        return void http.code(204).send();
      }
      const from = parsePosition(target.replyId, known);
      // A client that is dropped right behind this event reconnects with its id: it must not tell of another position.
      const accepted = encodeEvent({ event: 'accepted', id: eventId(target.replyId, from), data });
      this.begin(http, slot, BEGINNING + accepted.toString());
      await this.openAndFollow(http, slot, target, from);
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  /** Whether the client has read the reply to its end. Reads it only for one that says so. */
  private async hasEnded(target: ReplyTarget, lastEventId: string | undefined): Promise<boolean> {
    if (lastEventId !== doneEventId(target.replyId)) return false;
    const reading = await this.readers.open(target);
    if (reading === null) throw new MessageNotFoundError();
    this.readers.close(reading.reader);
    return hasRead(reading.reply, lastEventId);
  }

  /**
   * Takes one of the user's slots. Its stream is ended when the session ends, and has to be released once.
   *
   * @throws TooManyStreamsError when the user has none left
   */
  private takeSlot({ userId, sessionId }: AuthenticatedUser): Slot {
    const open = this.openByUser.get(userId) ?? 0;
    if (open >= this.config.STREAMS_PER_USER) throw new TooManyStreamsError();
    this.openByUser.set(userId, open + 1);
    const stream = new ReplyStream();
    if (this.isShuttingDown) stream.end();
    this.streams.add(stream);
    const stopListening = this.revocations.onRevoked(sessionId, () => stream.end());
    const release = (): void => {
      if (!this.streams.delete(stream)) return;
      stopListening();
      stream.end();
      if (stream.reader !== null) this.readers.close(stream.reader);
      const left = (this.openByUser.get(userId) ?? 1) - 1;
      if (left === 0) this.openByUser.delete(userId);
      else this.openByUser.set(userId, left);
    };
    return { stream, release };
  }

  private begin(http: FastifyReply, { stream, release }: Slot, head: string): void {
    http.hijack();
    const response = http.raw;
    response.once('close', release);
    this.metrics.begin(response);
    response.writeHead(200, {
      ...definedHeaders(http),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    stream.begin(response, head);
    // A client that hung up while its message was being accepted: its end is past.
    if (response.destroyed) release();
  }

  /** The answer has begun, so all that can be done about a failure is to end it: the client reconnects and goes on. */
  private async openAndFollow(
    http: FastifyReply,
    slot: Slot,
    target: ReplyTarget,
    from: ReplyPosition | null,
  ): Promise<void> {
    try {
      const reading = await this.readers.open(target);
      if (reading === null) slot.stream.end();
      else this.follow(http, slot, reading, from);
    } catch (error) {
      this.logger.warn(`A stream broke off: ${(error as Error).message}`);
      slot.stream.end();
    }
  }

  private follow(http: FastifyReply, { stream }: Slot, reading: ReplyReading, from: ReplyPosition | null): void {
    const { reader, opened } = reading;
    // HEAD asks for the headers alone, and would wait for the reply's end to no purpose.
    if (http.request.method === 'HEAD') stream.end();
    if (stream.hasEnded) return this.readers.close(reader);
    stream.reader = reader;
    reader.begin(opened, from, stream);
  }
}

/** A stream that counts for its user until it is released. */
interface Slot {
  stream: ReplyStream;
  /** Repeatable. */
  release: () => void;
}

/** Whether a client has read a reply to its end, by the id of the last event that it has. */
const hasRead = (reply: ReplyRow, lastEventId: string | undefined): boolean =>
  isFinal(reply.status) && lastEventId === doneEventId(reply.id);

/** The headers that hooks and guards have set: a hijacked answer has to take them along itself. */
function definedHeaders(http: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(http.getHeaders()).filter(
      (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
    ),
  );
}
