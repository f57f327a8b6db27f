import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AuthenticatedUser, SessionRevocationService } from '@app/auth';
import { DomainError } from '@app/platform';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { encode, encodeComment } from 'eventsource-encoder';
import type { FastifyReply } from 'fastify';
import { ReplyReader, type ReplyReading } from './reply-reader.service.js';
import { ReplyStreamConfig } from './reply-stream.config.js';

/** One server-sent event; data is sent as JSON. */
interface ServerSentEvent {
  event: string;
  id: string;
  data: unknown;
}

/** Comments keep proxies from closing a silent connection; one is promised at least every 15 s. */
const HEARTBEAT_MS = 10_000;

/** How long a client may take nothing of what is written to it. */
const STALLED_MS = 60_000;

/** The user has more streams open than one person can read. */
class TooManyStreamsError extends DomainError {
  constructor() {
    super('too_many_streams', 'limited', 'Too many streams are open; close some first.', {
      headers: { 'Retry-After': '5' },
    });
  }
}

/** Writes replies to HTTP clients as `text/event-stream` (WHATWG HTML, section 9.2), at each client's own pace. */
@Injectable()
export class ReplyStreams implements OnModuleDestroy {
  private readonly logger = new Logger(ReplyStreams.name);
  private readonly open = new Set<AbortController>();
  private readonly openByUser = new Map<string, number>();

  constructor(
    private readonly reader: ReplyReader,
    private readonly revocations: SessionRevocationService,
    private readonly config: ReplyStreamConfig,
  ) {}

  /**
   * To be asked before a message is accepted whose answer will be a stream: afterwards it is too late to refuse.
   * @throws TooManyStreamsError when the user has no room for one more
   */
  assertRoomFor(userId: string): void {
    if ((this.openByUser.get(userId) ?? 0) >= this.config.STREAMS_PER_USER) throw new TooManyStreamsError();
  }

  /**
   * Streams a reply to its end: after `done`, or when the client hangs up, its session ends, or we shut down. The last
   * two leave the reply unfinished, and the client comes back with `Last-Event-ID`.
   *
   * @param first an event to begin with, for a request that {@link assertRoomFor} has let in
   * @throws TooManyStreamsError before anything is sent
   */
  async send(
    http: FastifyReply,
    user: AuthenticatedUser,
    reading: ReplyReading,
    first?: ServerSentEvent,
  ): Promise<void> {
    if (first === undefined) this.assertRoomFor(user.userId);
    const gone = new AbortController();
    const leave = this.enter(user.userId, gone);
    const stopListening = this.revocations.onRevoked(user.sessionId, () => gone.abort());
    try {
      http.hijack();
      const response = http.raw;
      response.once('close', () => gone.abort());
      // Who hung up while the message was being accepted is past that event.
      if (response.destroyed) gone.abort();
      response.writeHead(200, {
        ...definedHeaders(http),
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      const heartbeat = setInterval(() => void response.write(encodeComment('')), HEARTBEAT_MS);
      try {
        response.write(first === undefined ? encodeComment('') : frame(first));
        // HEAD asks for the headers alone, and would wait for the reply's end to no purpose.
        if (http.request.method === 'HEAD') return;
        for await (const event of this.reader.read(reading, gone.signal)) {
          if (!response.write(frame(event))) await drained(response, gone.signal);
        }
      } finally {
        clearInterval(heartbeat);
        response.end();
      }
    } catch (error) {
      // The answer has begun, so all that is left to do is to end it: the client comes back and goes on.
      if (!gone.signal.aborted) this.logger.warn(`A stream broke off: ${(error as Error).message}`);
    } finally {
      stopListening();
      leave();
    }
  }

  /** Lets all readers go, for the process is shutting down. */
  onModuleDestroy(): void {
    for (const gone of this.open) gone.abort();
  }

  private enter(userId: string, gone: AbortController): () => void {
    this.openByUser.set(userId, (this.openByUser.get(userId) ?? 0) + 1);
    this.open.add(gone);
    return () => {
      this.open.delete(gone);
      const left = (this.openByUser.get(userId) ?? 1) - 1;
      if (left === 0) this.openByUser.delete(userId);
      else this.openByUser.set(userId, left);
    };
  }
}

/** Waits until the client has taken what was written; one that takes nothing for long is cut off, and can come back. */
async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  const patience = setTimeout(() => response.destroy(), STALLED_MS);
  try {
    await once(response, 'drain', { signal: gone });
  } finally {
    clearTimeout(patience);
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
