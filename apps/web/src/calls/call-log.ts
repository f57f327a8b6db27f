import { createStore, type Store } from '../ui/store.js';
import {
  type CallEnd,
  type CallRecord,
  isPiece,
  type NewCall,
  type RawEvent,
  type StreamEvent,
} from './call-record.js';

/** So much is kept: the calls, and of each stream the events. */
const MOST_CALLS = 100;
const MOST_EVENTS = 40;

/** Streams bring many events in a second; they are shown together. */
const PUBLISH_EVERY_MS = 60;

/** The calls of this page, and what tells of changes. Their memory is bounded. */
export class CallLog {
  /** Oldest first. */
  readonly shown: Store<readonly CallRecord[]> = createStore<readonly CallRecord[]>([]);
  private calls: CallRecord[] = [];
  private lastId = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** The thread of each reply that a stream has named, so that reading it further belongs to it. */
  private readonly threads = new Map<string, string>();

  /** @returns its id, under which more is told of it */
  begin(call: NewCall): number {
    const id = ++this.lastId;
    const thread = this.threads.get(call.thread ?? '') ?? call.thread;
    const earlier = thread === null ? undefined : this.calls.findLast((each) => each.thread === thread);
    const record: CallRecord = {
      ...call,
      id,
      thread,
      continues: earlier?.id ?? null,
      startedAt: new Date(),
      durationMs: null,
      status: null,
      state: 'waiting',
      responseHeaders: [],
      responseBody: null,
      isStream: false,
      events: [],
      folded: null,
    };
    this.calls = [...this.calls, record].slice(-MOST_CALLS);
    this.publishSoon();
    return id;
  }

  answered(id: number, answer: Pick<CallRecord, 'status' | 'responseHeaders' | 'isStream'>): void {
    this.update(id, (call) => ({ ...call, ...answer, state: answer.isStream ? 'open' : call.state }));
  }

  body(id: number, responseBody: string): void {
    this.update(id, (call) => ({ ...call, responseBody }));
  }

  event(id: number, event: RawEvent): void {
    this.update(id, (call) => {
      if (event.name === 'accepted' && call.thread !== null) this.remember(event.data, call.thread);
      return withEvent(call, { ...event, afterMs: Date.now() - call.startedAt.getTime() });
    });
  }

  ended(id: number, state: CallEnd): void {
    this.update(id, (call) =>
      call.durationMs === null ? { ...call, state, durationMs: Date.now() - call.startedAt.getTime() } : call,
    );
  }

  clear(): void {
    this.calls = this.calls.filter(({ durationMs }) => durationMs === null);
    this.publishSoon();
  }

  private remember(accepted: string, thread: string): void {
    const replyId = /"reply":\{"id":"([^"]+)"/.exec(accepted)?.[1];
    if (replyId !== undefined) this.threads.set(replyId, thread);
    const [oldest] = this.threads.keys();
    if (this.threads.size > MOST_CALLS && oldest !== undefined) this.threads.delete(oldest);
  }

  private update(id: number, change: (call: CallRecord) => CallRecord): void {
    this.calls = this.calls.map((call) => (call.id === id ? change(call) : call));
    this.publishSoon();
  }

  private publishSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.shown.set(this.calls);
    }, PUBLISH_EVERY_MS);
  }
}

/** The call with one event more. Of more than are kept, the oldest pieces of text are folded into a number. */
function withEvent(call: CallRecord, event: StreamEvent): CallRecord {
  const events = [...call.events, event];
  const oldest = events.findIndex(isPiece);
  const folding = events[oldest];
  if (events.length <= MOST_EVENTS || folding === undefined) return { ...call, events };
  const { count, firstId } = call.folded ?? { count: 0, firstId: folding.id };
  events.splice(oldest, 1);
  return { ...call, events: events.slice(-MOST_EVENTS), folded: { count: count + 1, firstId, lastId: folding.id } };
}

/** The page's one log. */
export const callLog = new CallLog();
