import type { Fetch } from '@gemini-chat/client';
import { type CallLog, callLog } from './call-log.js';
import type { CallEnd, NewCall } from './call-record.js';
import { type Connection, connection, lost, type OpenRequest } from './connection.js';
import { EventReader } from './event-reader.js';
import { shownHeader, shownRequest, shownResponse } from './redaction.js';
import { type Upload, uploadOf } from './upload.js';

type Init = Parameters<Fetch>[1];
type Answer = Awaited<ReturnType<Fetch>>;
type Reader = ReturnType<NonNullable<Answer['body']>['getReader']>;

/** The headers of an answer that say something of the contract. */
const SHOWN_HEADERS = [
  'Content-Type',
  'Location',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** `fetch`, which records each call without holding anything back, over a connection that can be cut. */
export function recordedOver(fetch: Fetch, log: CallLog, via: Connection, origin: string): Fetch {
  return async (url, init) => {
    const upload = init.body instanceof Blob ? await uploadOf(init.body) : null;
    const id = log.begin(callOf(url, init, upload, origin));
    const call = new RecordedCall(id, log, init.signal);
    try {
      call.request = via.begin(init.signal);
      const answer = await fetch(url, { ...init, signal: call.request.signal });
      return call.answered(answer);
    } catch (error) {
      throw call.failed(error);
    }
  };
}

/** The page's `fetch`. */
export const recordedFetch: Fetch = recordedOver(
  (url, init) => fetch(url, init),
  callLog,
  connection,
  globalThis.location?.origin ?? 'http://localhost',
);

function callOf(url: string, { method, headers, body }: Init, upload: Upload | null, origin: string): NewCall {
  const { href, pathname, search } = new URL(url, origin);
  const [, replyId] = /\/message\/([^/]+)\/stream$/.exec(pathname) ?? [];
  const key = Object.entries(headers).find(([name]) => name.toLowerCase() === 'idempotency-key')?.[1];
  return {
    method,
    path: pathname + search,
    url: href,
    requestHeaders: Object.entries(headers)
      // `curl -F` makes a boundary of its own.
      .filter(([name]) => upload === null || name.toLowerCase() !== 'content-type')
      .map(([name, value]) => shownHeader(name, value)),
    requestBody: typeof body === 'string' ? shownRequest(body) : (upload?.shown ?? null),
    upload: upload?.name ?? null,
    thread: key ?? replyId ?? null,
  };
}

/** One call under way. */
class RecordedCall {
  request: OpenRequest | null = null;

  constructor(
    private readonly id: number,
    private readonly log: CallLog,
    private readonly asked: AbortSignal,
  ) {}

  answered(answer: Answer): Answer {
    const { ok, status, headers, body } = answer;
    const responseHeaders = SHOWN_HEADERS.flatMap((name): [string, string][] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    this.log.answered(this.id, { status, responseHeaders, isStream });
    if (status === 204) this.end('ended');
    return {
      ok,
      status,
      headers,
      text: async () => {
        const text = await this.watched(answer.text());
        if (text !== '') this.log.body(this.id, shownResponse(text));
        this.end('ended');
        return text;
      },
      ...(answer.blob !== undefined && {
        blob: async () => {
          const bytes = await this.watched(answer.blob!());
          this.end('ended');
          return bytes;
        },
      }),
      body: body === null ? null : { getReader: () => this.recorded(body.getReader()) },
    };
  }

  /** @returns what to throw: a cut looks like a lost network */
  failed(error: unknown): unknown {
    const byCut = this.request === null || this.request.isCut;
    this.end(byCut ? 'cut' : this.asked.aborted ? 'closed' : 'failed');
    return byCut && !(error instanceof TypeError) ? lost() : error;
  }

  private async watched<Part>(part: Promise<Part>): Promise<Part> {
    try {
      return await part;
    } catch (error) {
      throw this.failed(error);
    }
  }

  private recorded(reader: Reader): Reader {
    const events = new EventReader();
    return {
      read: async () => {
        const part = await this.watched(reader.read());
        for (const event of part.value === undefined ? [] : events.push(part.value)) this.log.event(this.id, event);
        if (part.done) this.end('ended');
        return part;
      },
      cancel: async () => {
        this.end('closed');
        await reader.cancel();
      },
    };
  }

  private end(state: CallEnd): void {
    this.request?.release();
    this.log.ended(this.id, state);
  }
}
