import { valuesOf } from './known-values.js';
import { ReplyStream } from './reply-stream.js';
import type { RequestFields } from './request-fields.js';
import type { OperationRequest, PathMethod, SwaggerSystem } from './swagger-ui.js';

/** How often a stream is shown while it runs: more often costs the browser more than anyone sees. */
const SHOWN_EVERY_MS = 100;

/** A stream, and how to stop reading it. */
interface Reading {
  stream: ReplyStream;
  stop: () => void;
}

/** Sends the requests of the page: reads from the answers what later requests need, and shows streams while they run. */
export class LiveRequests {
  private readonly readings = new Map<string, Reading>();

  constructor(
    private readonly system: SwaggerSystem,
    private readonly fields: RequestFields,
  ) {}

  /** The stream that an operation has read last, or reads; null if its last answer was none. */
  readingOf(path: string, method: string): Reading | null {
    return this.readings.get(`${method} ${path}`) ?? null;
  }

  /** What sends this request. */
  sender({ pathName, method, operation }: OperationRequest) {
    const operationId = String(operation.get('operationId'));
    const key = `${method} ${pathName}`;
    return async (url: string, request: RequestInit): Promise<Response> => {
      this.readings.get(key)?.stop();
      this.readings.delete(key);
      const reading = new AbortController();
      const response = await fetch(url, { ...request, signal: reading.signal });
      if (!response.ok) return response;
      if (!isStream(response)) {
        await this.learn(operationId, response.clone());
        this.fields.startAnew([pathName, method]);
        return response;
      }
      const stream = new ReplyStream();
      this.readings.set(key, { stream, stop: () => reading.abort() });
      return this.follow(response, stream, { operation: [pathName, method], operationId });
    };
  }

  private async learn(operationId: string, response: Response): Promise<void> {
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    if (isJson || response.status === 204) {
      this.fields.fill(valuesOf(operationId, isJson ? await response.json() : null));
    }
  }

  /** Reads a stream and shows what has come so far; resolves with all of it, when it ends, is cut or stopped. */
  private async follow(
    response: Response,
    stream: ReplyStream,
    { operation, operationId }: { operation: PathMethod; operationId: string },
  ): Promise<Response> {
    const { ok, status, statusText, url } = response;
    const headers = Object.fromEntries(response.headers);
    const show = () =>
      this.system.specActions.setResponse(...operation, { ok, status, statusText, url, headers, text: stream.raw });
    let timer: ReturnType<typeof setTimeout> | null = null;
    const showSoon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        show();
      }, SHOWN_EVERY_MS);
    };
    for await (const chunk of chunksOf(response)) {
      const accepted = stream.append(chunk);
      if (accepted !== null) this.fields.fill(valuesOf(operationId, accepted));
      showSoon();
    }
    if (timer !== null) clearTimeout(timer);
    stream.isOpen = false;
    if (stream.isDone) this.fields.startAnew(operation);
    else this.fields.goOnBehind(operation, stream.lastEventId);
    return new Response(stream.raw, { status, statusText, headers });
  }
}

const isStream = (response: Response): boolean =>
  response.headers.get('content-type')?.startsWith('text/event-stream') === true;

/** The texts of a response as they come. Ends where reading was stopped, or the connection cut, as at the end. */
async function* chunksOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      yield decoder.decode(part.value as Uint8Array, { stream: true });
    }
  } catch {
    // What has come stays on the page, and the next request goes on behind it.
  }
}
