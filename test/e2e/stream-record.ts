import type { EventStream, StreamEvent } from '../support/http/event-stream.js';
import type { Message } from '../support/messages.js';

// What the readers of the property test of streams receive, and whether it agrees.

/** How often each case occurred in all runs; the test fails when one never did. */
export const occurred = {
  ...{ completed: 0, cancelled: 0, resets: 0, cuts: 0, resumed: 0 },
  ...{ thoughts: 0, sources: 0, cutsInThoughts: 0, thoughtsBetween: 0 },
};

/** What the event `sources` brings. */
type Sources = Pick<Message, 'sources' | 'searchQueries'>;

/** What a reader has received after one event. */
export interface Position {
  id: string | undefined;
  text: string;
  thoughts: string;
  /** Null: it was told of none. */
  sources: Sources | null;
}

const START: Position = { id: undefined, text: '', thoughts: '', sources: null };

/** What the model does for a reply when nothing interrupts it. */
export interface Written {
  text: string;
  /** Empty where they are not shown. */
  thoughts: string;
  /** Whether it searches. */
  searches: boolean;
}

/** Opens a reply's stream behind an event, at one replica or, when that is down, at another. */
export type Connect = (replica: number, reply: Message, lastEventId: string | undefined) => Promise<EventStream>;

/** One reply, and everything that its readers have received. */
export class ReplyRecord {
  readonly readers: Reader[];
  /** Each final state that was received, with what the reader had at that time; without a state: the stream had ended before. */
  readonly endings: { position?: Position; done?: Message }[] = [];
  readonly contradictions: string[] = [];
  cancelAsked = false;
  private readonly positions = new Map<string, Position>();

  constructor(
    readonly reply: Message,
    readonly script: Written,
    readers: number,
    readonly connect: Connect,
  ) {
    this.readers = Array.from({ length: readers }, () => new Reader(this));
  }

  /** An id is a position in one attempt's text and thoughts: every reader has the same of both at it. */
  record(now: Position, event: string): void {
    if (now.id === undefined || now.id === '') return void this.contradictions.push(`${event} has no id`);
    const before = this.positions.get(now.id) ?? now;
    const [known, read] = [before, now].map(({ text, thoughts }) => JSON.stringify([text, thoughts]));
    if (known !== read) this.contradictions.push(`${now.id} is ${known} and ${read}`);
    this.positions.set(now.id, now);
  }

  /** One more reader, which starts at any recorded position or at the beginning. */
  lateReader(place: number): Reader {
    const late = new Reader(this);
    late.joinAt(pick([START, ...this.positions.values()], place), place);
    return late;
  }
}

/** A client as an app writes one, except that it leaves at any time and comes back with any earlier id. */
export class Reader {
  private readonly positions: Position[] = [START];
  private stream: EventStream | undefined;
  private reading: Promise<void> = Promise.resolve();
  private replica = 0;
  /** Whether it is connected, or connects again. */
  reads = false;
  hasFinished = false;

  constructor(private readonly record: ReplyRecord) {}

  /** How many events it has received. */
  get received(): number {
    return this.positions.length + (this.stream?.events.length ?? 0);
  }

  /** The last position that it has reached. */
  get newest(): Position {
    return this.positions.at(-1) ?? START;
  }

  /** @param place the index of the position that it goes back to; the newest unless given */
  async join(replica: number, place?: number): Promise<void> {
    await this.leave();
    this.joinAt(place === undefined ? this.newest : pick(this.positions, place), replica);
  }

  /** Goes on from a position, with the text of that position. */
  joinAt(position: Position, replica: number): void {
    this.replica = replica;
    this.reads = true;
    this.reading = this.readOn(position).catch((error) => void this.record.contradictions.push(String(error)));
  }

  async leave(): Promise<void> {
    this.reads = false;
    this.stream?.close();
    await this.reading;
  }

  /** Reads to the end: when the connection is cut, it connects again with the last id that it received. */
  private async readOn(from: Position): Promise<void> {
    let position = from;
    while (this.reads) {
      const stream = await this.record.connect(this.replica++, this.record.reply, position.id);
      this.stream = stream;
      if (!this.reads) stream.close();
      await stream.ended.catch(() => undefined);
      position = this.take(position, stream);
      const done = stream.done;
      if (done !== undefined || stream.status === 204) {
        this.record.endings.push({ position, ...(done === undefined ? {} : { done }) });
        this.hasFinished = true;
        this.reads = false;
        return;
      }
      if (!this.reads) return;
      occurred.cuts++;
      if (stream.events.at(-1)?.event === 'thought') occurred.cutsInThoughts++;
    }
  }

  private take(from: Position, { events }: EventStream): Position {
    let now = from;
    for (const event of events) {
      now = after(now, event);
      this.record.record(now, event.event);
      this.positions.push(now);
    }
    count(from, events);
    const names = events.map(({ event }) => event);
    if (names.slice(0, -1).includes('done')) this.record.contradictions.push('events follow done');
    if (
      names.includes('sources') &&
      !['sources', 'sources done'].includes(names.slice(names.indexOf('sources')).join(' '))
    )
      this.record.contradictions.push('sources do not come right before done');
    this.stream = undefined;
    return now;
  }
}

/** Where an event leaves its reader. */
function after(before: Position, { event, id, data }: StreamEvent): Position {
  switch (event) {
    case 'delta':
      return { ...before, id, text: before.text + (data['text'] as string) };
    case 'thought':
      return { ...before, id, thoughts: before.thoughts + (data['text'] as string) };
    case 'sources':
      return { ...before, id, sources: data as unknown as Sources };
    case 'reset':
      return { ...START, id };
    default:
      return { ...before, id };
  }
}

/** Counts what occurred in one stream. */
function count(from: Position, events: StreamEvent[]): void {
  const names = events.map(({ event }) => event);
  const times = (name: string): number => names.filter((each) => each === name).length;
  occurred.resets += times('reset');
  occurred.thoughts += times('thought');
  occurred.sources += times('sources');
  if (names.lastIndexOf('thought') > names.indexOf('delta') && names.includes('delta')) occurred.thoughtsBetween++;
  if ((from.text !== '' && names[0] === 'delta') || (from.thoughts !== '' && names[0] === 'thought'))
    occurred.resumed++;
}

/** The item at a place, counted round and round. */
export function pick<T>(items: readonly T[], place: number): T {
  return items[place % items.length] as T;
}
