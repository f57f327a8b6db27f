import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AuthenticatedUser, SessionRevocationService } from '@app/auth';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { encode, encodeComment } from 'eventsource-encoder';
import type { FastifyReply } from 'fastify';
import { MessageNotFoundError } from '../messages/message.errors.js';
import type { ReplyPosition } from './reply-position.js';
import { ReplyReaderService, type ReplyReading, type ReplyTarget } from './reply-reader.service.js';
import { ReplyStreamConfig } from './reply-stream.config.js';
import { TooManyStreamsError } from './stream.errors.js';

/** One server-sent event; data is sent as JSON. */
interface ServerSentEvent {
  event: string;
  id: string;
  data: unknown;
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
   * To be asked before a message is accepted whose answer will be a stream: afterwards it is too late to refuse.
   *
   * @throws TooManyStreamsError when the user has no slot for one more
   */
  assertStreamSlot(userId: string): void {
    if ((this.openByUser.get(userId) ?? 0) >= this.config.STREAMS_PER_USER) throw new TooManyStreamsError();
  }

  /**
   * Streams a reply to its end: after `done`, or when the client hangs up, its session ends, or the process shuts down. The
   * last two leave the reply unfinished, and the client reconnects with `Last-Event-ID`.
   *
   * @throws MessageNotFoundError, TooManyStreamsError before anything is sent
   */
  async stream(
    http: FastifyReply,
    user: AuthenticatedUser,
    target: ReplyTarget,
    from: ReplyPosition | null,
  ): Promise<void> {
    const reading = await this.reader.open(target);
    if (reading === null) throw new MessageNotFoundError();
    try {
      this.assertStreamSlot(user.userId);
      const source = { head: encodeComment(''), open: async () => reading, from };
      await this.inSlot(user, (abort) => this.write(http, source, abort));
    } finally {
      this.reader.close(reading);
    }
  }

  /**
   * The same for a message that has just been accepted, with that as the first event. {@link assertStreamSlot} was asked
   * before.
   */
  async streamAccepted(
    http: FastifyReply,
    user: AuthenticatedUser,
    target: ReplyTarget,
    from: ReplyPosition | null,
    accepted: ServerSentEvent,
  ): Promise<void> {
    const source = { head: frame(accepted), open: () => this.reader.open(target), from };
    await this.inSlot(user, (abort) => this.write(http, source, abort));
  }

  /** Ends all streams, for the process is shutting down. */
  onModuleDestroy(): void {
    for (const abort of this.openStreams) abort.abort();
  }

  /** Counts a stream for its user while it is open, and ends it when the session ends. */
  private async inSlot(
    { userId, sessionId }: AuthenticatedUser,
    work: (abort: AbortController) => Promise<void>,
  ): Promise<void> {
    const abort = new AbortController();
    this.openByUser.set(userId, (this.openByUser.get(userId) ?? 0) + 1);
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
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      heartbeat = setInterval(() => void response.write(encodeComment('')), HEARTBEAT_MS);
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

const frame = ({ event, id, data }: ServerSentEvent): string => encode({ event, id, data: JSON.stringify(data) });

/** The headers that hooks and guards have set: a hijacked answer has to take them along itself. */
function definedHeaders(http: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(http.getHeaders()).filter(
      (entry): entry is [string, string | number | string[]] => entry[1] !== undefined,
    ),
  );
}
