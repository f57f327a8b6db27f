import fc from 'fast-check';
import { Redis } from 'ioredis';
import { EventStream } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Behaviour, type Message, openRoom, read, script, send } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { type Stack, type StackProcess, startStack } from '../support/stack.js';

/** The same runs every time; another seed plays others. */
const seed = Number(process.env['STREAM_LAW_SEED'] ?? 1);

const ROOMS = 4;
const REPLIES_PER_ROOM = 2;
const READERS_PER_REPLY = 4;

/** How long after the last disturbance every reader has been told the end. */
const SETTLE_MS = 30_000;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  stack = await startStack({
    apis: 2,
    workers: 2,
    env: { REPLY_LEASE_MS: '2000', REPLY_RETRY_BASE_MS: '50', STREAMS_PER_USER: '200' },
  });
  person = await signUpAndLogIn(stack.http);
  await makePro(stack.database.url, person.id);
}, 120_000);

afterAll(() => stack?.stop());

/** What the readers of all runs went through, so that a run in which nothing happened proves nothing. */
const met = { completed: 0, cancelled: 0, resets: 0, cuts: 0, wentOnInTheMiddle: 0 };

/** What a reader had in its hands after one event. */
interface Moment {
  id: string | undefined;
  text: string;
}

const START: Moment = { id: undefined, text: '' };

/** One reply, and whatever anybody was told of it. */
class Story {
  readonly readers: Reader[];
  /** Each time that somebody was told the final state, with the text that it had by then. */
  readonly endings: { text?: string; done: Message }[] = [];
  readonly contradictions: string[] = [];
  cancelAsked = false;
  private readonly moments = new Map<string, string>();

  constructor(
    readonly reply: Message,
    /** What the model writes when it is left alone. */
    readonly script: string,
  ) {
    this.readers = Array.from({ length: READERS_PER_REPLY }, () => new Reader(this));
  }

  /** An id is a position in one attempt's text: whoever gets there by whatever way has the same text. */
  note({ id, text }: Moment, event: string): void {
    if (id === undefined || id === '') return void this.contradictions.push(`${event} has no id`);
    const before = this.moments.get(id) ?? text;
    if (before !== text) this.contradictions.push(`${id} is ${JSON.stringify(before)} and ${JSON.stringify(text)}`);
    this.moments.set(id, text);
  }

  /** One more reader, who comes with a moment that anybody had, or from the start. */
  lateReader(place: number): Reader {
    const late = new Reader(this);
    late.joinAt(pick([START, ...[...this.moments].map(([id, text]) => ({ id, text }))], place), place);
    return late;
  }
}

/** A client as an app would write one, but for its whims: it leaves when it likes, and comes back with any old id. */
class Reader {
  private readonly moments: Moment[] = [START];
  private stream: EventStream | undefined;
  private reading: Promise<void> = Promise.resolve();
  private replica = 0;
  /** Whether it is there to be told more. */
  present = false;
  knowsTheEnd = false;

  constructor(private readonly story: Story) {}

  /** How many events it has been sent. */
  get heard(): number {
    return this.moments.length + (this.stream?.events.length ?? 0);
  }

  /** All that it knows by now. */
  get newest(): Moment {
    return this.moments.at(-1) ?? START;
  }

  /** @param place which of its moments it goes back to; the newest unless given */
  async join(replica: number, place?: number): Promise<void> {
    await this.leave();
    this.joinAt(place === undefined ? this.newest : pick(this.moments, place), replica);
  }

  /** Goes on from a moment, with the text of that moment and no more. */
  joinAt(moment: Moment, replica: number): void {
    this.replica = replica;
    this.present = true;
    this.reading = this.readOn(moment).catch((error) => void this.story.contradictions.push(String(error)));
  }

  async leave(): Promise<void> {
    this.present = false;
    this.stream?.close();
    await this.reading;
  }

  /** To the end: whenever it is cut, it comes back with what it was told last. */
  private async readOn(from: Moment): Promise<void> {
    let moment = from;
    while (this.present) {
      const stream = await this.connect(moment);
      this.stream = stream;
      if (!this.present) stream.close();
      await stream.ended.catch(() => undefined);
      moment = this.take(moment, stream);
      if (stream.done !== undefined) {
        this.story.endings.push({ text: moment.text, done: stream.done });
        this.knowsTheEnd = true;
        this.present = false;
        return;
      }
      if (this.present) met.cuts++;
    }
  }

  /** To the replica of its choice, or else to the other. */
  private connect({ id }: Moment): Promise<EventStream> {
    return onAReplica(this.replica++, (http) => EventStream.ofReply(http, this.story.reply, id));
  }

  private take(from: Moment, { events }: EventStream): Moment {
    let now = from;
    for (const { event, id, data } of events) {
      if (event === 'delta') now = { id, text: now.text + (data['text'] as string) };
      else now = { id, text: event === 'reset' ? '' : now.text };
      this.story.note(now, event);
      this.moments.push(now);
      if (event === 'reset') met.resets++;
    }
    if (events.slice(0, -1).some(({ event }) => event === 'done'))
      this.story.contradictions.push('done is not the end');
    if (from.text !== '' && events[0]?.event === 'delta') met.wentOnInTheMiddle++;
    this.stream = undefined;
    return now;
  }
}

/** What the model is to write, and how. */
const wish = fc.record({
  // Characters of one to four bytes, some of several code points, and those that JSON or event streams treat specially.
  text: fc
    .array(
      fc.constantFrom(
        ...['a', ' ', 'é', 'ß', '世', '€', '🌍', '👋🏽', '👨‍👩‍👧', 'e\u0301', '\n', '\r', '"', '\\', '\u2028', '\ufeff'],
      ),
      { minLength: 40, maxLength: 100 },
    )
    .map((units) => `Once ${units.join('')}`),
  chunkSize: fc.integer({ min: 1, max: 8 }),
  lastsMs: fc.integer({ min: 800, max: 2_500 }),
  type: fc.constantFrom('answer', 'split_utf8'),
  /** How the first attempt breaks off; mostly it doesn't. */
  mishap: fc.constantFrom(null, null, null, 'cut', 'reset_mid_stream', 'error_mid_stream'),
});
type Wish = typeof wish extends fc.Arbitrary<infer Value> ? Value : never;

const reply = fc.nat({ max: ROOMS * REPLIES_PER_ROOM - 1 });
const reader = fc.nat({ max: READERS_PER_REPLY - 1 });
const either = fc.nat({ max: 1 });
const deed = <Name extends string>(name: Name) => fc.constant(name);
const action = fc.oneof(
  { weight: 9, arbitrary: fc.record({ deed: deed('join'), reply, reader, replica: either, place: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ deed: deed('leave'), reply, reader }) },
  { weight: 7, arbitrary: fc.record({ deed: deed('listen'), events: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ deed: deed('cancel'), reply, replica: either }) },
  { weight: 1, arbitrary: fc.record({ deed: deed('kill a worker'), worker: either }) },
  { weight: 2, arbitrary: fc.record({ deed: deed('kill an API'), replica: either }) },
  { weight: 2, arbitrary: fc.record({ deed: deed('flush Redis'), place: fc.nat() }) },
);
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;

/** All stories of one run, told at the same time. */
class Run {
  private readonly underWay: Promise<void>[] = [];
  private readonly restarts = new Map<StackProcess, Promise<unknown>>();

  private constructor(readonly stories: Story[]) {}

  /** Sends all messages; each reply has a reader from before its first word. */
  static async begin(wishes: Wish[]): Promise<Run> {
    const rooms = await Promise.all(Array.from({ length: ROOMS }, () => openRoom(person.http)));
    const stories: Story[] = [];
    for (const [index, told] of wishes.entries()) {
      const room = rooms[index % ROOMS]!;
      const prompt = `Tell ${index} in ${room}`;
      await script(stack, prompt, behavioursOf(told));
      stories.push(new Story((await send(person.http, room, prompt)).reply, told.text));
    }
    for (const { readers } of stories) await readers[0]?.join(0);
    return new Run(stories);
  }

  async act(now: Action): Promise<void> {
    switch (now.deed) {
      case 'join':
        return this.stories[now.reply]?.readers[now.reader]?.join(now.replica, now.place);
      case 'leave':
        return this.stories[now.reply]?.readers[now.reader]?.leave();
      case 'listen':
        return this.listen(now.events);
      case 'cancel':
        return void this.underWay.push(this.cancel(this.stories[now.reply]!, now.replica));
      case 'kill a worker':
        return this.killAndRestart(stack.workers, now.worker);
      case 'kill an API':
        return this.killAndRestart(stack.apis, now.replica);
      case 'flush Redis':
        return this.forget(now.place);
    }
  }

  /** Everybody comes back and hears the end; then some come to the finished reply with places of long ago. */
  async end(places: number[]): Promise<void> {
    await Promise.all(this.readers.filter(inTheDark).map((one, index) => one.join(index)));
    await untilAllKnowTheEnd(this.readers);
    await Promise.all([...this.underWay, ...this.restarts.values()]);
    const late = this.stories.flatMap((story) => places.map((place) => story.lateReader(place)));
    await untilAllKnowTheEnd(late);
  }

  private get readers(): Reader[] {
    return this.stories.flatMap(({ readers }) => readers);
  }

  /** Lets things go on until somebody was sent so many more events, or nobody is there to be sent any. */
  private async listen(events: number): Promise<void> {
    const present = this.readers.filter((one) => one.present).map((one) => ({ one, until: one.heard + events }));
    const heardEnough = (): boolean => present.some(({ one, until }) => one.heard >= until);
    const deserted = (): boolean => present.every(({ one }) => !one.present);
    await eventually(() => heardEnough() || deserted(), { withinMs: SETTLE_MS });
  }

  private async cancel(story: Story, replica: number): Promise<void> {
    story.cancelAsked = true;
    const { chatroomId, id } = story.reply;
    const path = `/chatroom/${chatroomId}/message/${id}/cancel`;
    const { status, body } = await onAReplica(replica, (http) => http.post<Message>(path));
    if (status !== 200) story.contradictions.push(`Cancelling answered ${status}`);
    // Its worker may have died just then; the reply ends when another has found that out.
    else if (body.completedAt !== null) story.endings.push({ done: body });
  }

  /** Redis forgets all; before more is written, those who read one of the replies come back with some old place. */
  private async forget(place: number): Promise<void> {
    await flushRedis();
    const read = this.stories.map(({ readers }) => readers.filter(({ present }) => present));
    const affected =
      pick(
        read.filter(({ length }) => length > 0),
        place,
      ) ?? [];
    await Promise.all(affected.map((one, index) => one.join(index, place + index)));
  }

  /** Life goes on with the other one while this one starts; until then neither dies. */
  private async killAndRestart(processes: StackProcess[], place: number): Promise<void> {
    if (processes.some((one) => this.restarts.has(one))) return;
    const victim = pick(processes, place);
    await victim.kill('SIGKILL');
    const restarted = victim.restart().then(() => this.restarts.delete(victim));
    this.restarts.set(victim, restarted);
  }
}

describe('the law of streams', () => {
  it('holds in the built product, however readers, workers, replicas and Redis come and go', async () => {
    const wishes = fc.array(wish, { minLength: ROOMS * REPLIES_PER_ROOM, maxLength: ROOMS * REPLIES_PER_ROOM });
    const actions = fc.array(action, { minLength: 60, maxLength: 80 });
    const places = fc.array(fc.nat(), { minLength: 8, maxLength: 8 });
    const holds = fc.asyncProperty(wishes, actions, places, async (told, done, late) => {
      const run = await Run.begin(told);
      for (const now of done) await run.act(now);
      await run.end(late);
      for (const story of run.stories) await expectLawful(story);
    });
    // A run cannot be repeated to the millisecond, so there is no use in looking for a shorter one that fails, too.
    await fc.assert(holds, { numRuns: 3, seed, endOnFailure: true });
    expect(Object.entries(met).filter(([, times]) => times === 0)).toEqual([]);
  }, 180_000);
});

/** Whoever was told the end was told the same: what is stored. */
async function expectLawful({ reply, script, endings, contradictions, cancelAsked }: Story): Promise<void> {
  expect(contradictions).toEqual([]);
  const [stored, elsewhere] = await Promise.all(stack.apis.map(({ url }) => read(person.http.at(url), reply)));
  expect(elsewhere).toEqual(stored);
  for (const { text, done } of endings)
    expect({ text: text ?? done.content, done }).toEqual({ text: stored?.content, done: stored });
  if (cancelAsked && stored?.status === 'cancelled') expect(script.startsWith(stored.content)).toBe(true);
  else expect(stored).toMatchObject({ status: 'completed', content: script });
  met[stored?.status as 'completed' | 'cancelled']++;
}

function behavioursOf({ text, chunkSize, lastsMs, type, mishap }: Wish): Behaviour[] {
  const pieces = [...text].length / chunkSize;
  const manner = { text, chunkSize, tokensPerSecond: (pieces / lastsMs) * 1_000 };
  const first = mishap === null ? [] : [{ ...manner, type: mishap, afterChunks: Math.ceil(pieces / 2) }];
  return [...first, { ...manner, type }];
}

const inTheDark = ({ knowsTheEnd }: Reader): boolean => !knowsTheEnd;

async function untilAllKnowTheEnd(readers: Reader[]): Promise<void> {
  const all = (): boolean => {
    expect(readers.filter(inTheDark).map(({ newest }) => newest)).toEqual([]);
    return true;
  };
  await eventually(all, { withinMs: SETTLE_MS });
}

/** Asks one replica after the other until one answers: the first may just be dead. */
function onAReplica<T>(first: number, ask: (http: Person['http']) => Promise<T>): Promise<T> {
  let replica = first;
  return eventually(() => ask(person.http.at(stack.api(replica++ % stack.apis.length).url)), { withinMs: SETTLE_MS });
}

async function flushRedis(): Promise<void> {
  const redis = new Redis(stack.redis);
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
}

function pick<T>(items: readonly T[], place: number): T {
  return items[place % items.length] as T;
}
