import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import {
  type Behaviour,
  callsFor,
  type Message,
  openRoom,
  outcome,
  quotaOf,
  read,
  script,
  send,
} from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';
import { dayWithTimeLeft } from '../support/utc-day.js';

const ATTEMPTS = 3;

/** Limits of time that a worker reaches only where a case is about one: else a pause of the machine costs a further model call. */
const LONG_LIMITS = {
  REPLY_DEADLINE_MS: '300000',
  GEMINI_FIRST_BYTE_TIMEOUT_MS: '60000',
  GEMINI_IDLE_TIMEOUT_MS: '30000',
};
type Limits = Partial<typeof LONG_LIMITS>;

let stack: Stack;
let person: Person;

beforeAll(async () => {
  const env = { REPLY_MAX_ATTEMPTS: String(ATTEMPTS), REPLY_LEASE_MS: '60000', ...LONG_LIMITS };
  ({ stack, person } = await startReplyStack({ env }));
}, 120_000);

afterAll(() => stack?.stop());

interface Expected {
  status: Message['status'];
  code: string | null;
  /** How many model calls it takes. */
  calls: number;
  /** The stored text; empty unless given. */
  text?: RegExp;
  /** What the worker is to wait no longer for; {@link LONG_LIMITS} unless given. */
  limits?: Limits;
}

const FAULTS_OF_OTHERS = new Set(['model_unavailable', 'model_rate_limited', 'model_misconfigured']);

const FINAL_ERROR = (code: string): Expected => ({ status: 'failed', code, calls: 1 });
const RETRIED = (code: string, text?: RegExp): Expected => ({
  status: 'failed',
  code,
  calls: ATTEMPTS,
  ...(text && { text }),
});
const PARTIAL = /^Turn 1\. You/;
const WHOLE = /^Turn 1\. You said: ".*"\.$/s;

/** Every behaviour of the sandbox's Gemini, and the outcome of the reply. */
const CASES: [string, Behaviour[], Expected][] = [
  ['a normal answer', [{ type: 'answer' }], { status: 'completed', code: null, calls: 1, text: WHOLE }],
  ['thoughts before it', [{ type: 'thoughts' }], { status: 'completed', code: null, calls: 1, text: WHOLE }],
  [
    'characters cut by packets',
    [{ type: 'split_utf8', text: 'Grüße 🌍!' }],
    { status: 'completed', code: null, calls: 1, text: /^Grüße 🌍!$/ },
  ],
  ['400', [{ type: '400' }], FINAL_ERROR('model_rejected_request')],
  ['401', [{ type: '401' }], FINAL_ERROR('model_misconfigured')],
  ['402', [{ type: '402' }], FINAL_ERROR('model_misconfigured')],
  ['403', [{ type: '403' }], FINAL_ERROR('model_misconfigured')],
  ['404', [{ type: '404' }], FINAL_ERROR('model_misconfigured')],
  ['a wrong key', [{ type: 'invalid_key' }], FINAL_ERROR('model_misconfigured')],
  ['a region that is not served', [{ type: 'precondition' }], FINAL_ERROR('model_misconfigured')],
  ['408', [{ type: '408' }], RETRIED('model_unavailable')],
  ['409', [{ type: '409' }], RETRIED('model_unavailable')],
  ['499', [{ type: '499' }], RETRIED('model_unavailable')],
  ['500', [{ type: '500' }], RETRIED('model_unavailable')],
  ['502', [{ type: '502' }], RETRIED('model_unavailable')],
  ['503', [{ type: '503' }], RETRIED('model_unavailable')],
  ['504', [{ type: '504' }], RETRIED('model_unavailable')],
  ['a passing 503', [{ type: '503' }, { type: 'answer' }], { status: 'completed', code: null, calls: 2, text: WHOLE }],
  ['a blocked prompt', [{ type: 'prompt_blocked' }], { status: 'blocked', code: 'prompt_blocked', calls: 1 }],
  ['SAFETY', [{ type: 'safety' }], { status: 'blocked', code: 'reply_blocked', calls: 1, text: PARTIAL }],
  ['RECITATION', [{ type: 'recitation' }], { status: 'blocked', code: 'reply_blocked', calls: 1, text: PARTIAL }],
  ['MAX_TOKENS', [{ type: 'max_tokens' }], { status: 'failed', code: 'reply_truncated', calls: 1, text: PARTIAL }],
  ['MAX_TOKENS without text', [{ type: 'max_tokens_empty' }], FINAL_ERROR('reply_empty')],
  ['STOP without text', [{ type: 'empty' }], FINAL_ERROR('reply_empty')],
  ['a stream that is cut', [{ type: 'cut' }], RETRIED('reply_truncated', PARTIAL)],
  [
    'a cut, then an answer',
    [{ type: 'cut' }, { type: 'answer' }],
    { status: 'completed', code: null, calls: 2, text: WHOLE },
  ],
  ['an error in the body mid-stream', [{ type: 'error_mid_stream' }], RETRIED('reply_truncated', PARTIAL)],
  ['an error event mid-stream', [{ type: 'error_event_mid_stream' }], RETRIED('reply_truncated', PARTIAL)],
  ['malformed JSON', [{ type: 'malformed' }], RETRIED('reply_truncated', PARTIAL)],
  [
    'silence',
    [{ type: 'hang' }],
    { ...RETRIED('model_unavailable'), limits: { GEMINI_FIRST_BYTE_TIMEOUT_MS: '1000' } },
  ],
  [
    'silence mid-stream',
    [{ type: 'hang_mid_stream' }],
    { ...RETRIED('reply_truncated', PARTIAL), limits: { GEMINI_IDLE_TIMEOUT_MS: '1000' } },
  ],
  ['a reset connection', [{ type: 'reset' }], RETRIED('model_unavailable')],
  ['a reset mid-stream', [{ type: 'reset_mid_stream' }], RETRIED('reply_truncated', PARTIAL)],
  [
    'an answer beyond the deadline',
    [{ type: 'answer', tokensPerSecond: 2, text: 'slow '.repeat(200) }],
    { status: 'failed', code: 'timed_out', calls: 1, text: /^slow slow/, limits: { REPLY_DEADLINE_MS: '12000' } },
  ],
];

describe('the outcome of a reply after', () => {
  const results = new Map<string, { reply: Message; used: number }>();

  async function answer([name, behaviours]: (typeof CASES)[number]): Promise<void> {
    const { http } = await signUpAndLogIn(stack.http);
    await script(stack, `On ${name}`, behaviours);
    const { reply } = await send(http, await openRoom(http), `On ${name}`);
    const final = await outcome(http, reply, 60_000);
    results.set(name, { reply: final, used: (await quotaOf(http)).used });
  }

  // Each by a user of its own, whose quota shows what it cost: all at the same time, but those that are to run out of time.
  beforeAll(async () => {
    await dayWithTimeLeft(120_000);
    await Promise.all(CASES.filter(([, , { limits }]) => limits === undefined).map(answer));
    for (const each of CASES) {
      const [, , { limits }] = each;
      if (limits === undefined) continue;
      await stack.worker().restart({ ...LONG_LIMITS, ...limits });
      await answer(each);
    }
    await stack.worker().restart(LONG_LIMITS);
  }, 300_000);

  it.each(CASES)('%s', async (name, _behaviours, expected) => {
    const { reply, used } = results.get(name)!;
    expect({ status: reply.status, code: reply.error?.code ?? null }).toEqual({
      status: expected.status,
      code: expected.code,
    });
    expect(reply.content).toMatch(expected.text ?? /^$/);
    expect(await callsFor(stack, `On ${name}`)).toHaveLength(expected.calls);
    // What brought text is paid for, unless the vendor or the operator was at fault.
    expect(used).toBe(expected.text !== undefined && !FAULTS_OF_OTHERS.has(expected.code ?? '') ? 1 : 0);
  });
});

describe('the order of replies', () => {
  it('is the order of the messages in a room, however slow the first is', async () => {
    const room = await openRoom(person.http);
    await script(stack, 'slow one', [{ type: 'answer', latencyMs: 800 }]);
    const sent = [];
    for (const content of ['slow one', 'second', 'third']) sent.push(await send(person.http, room, content));
    const replies = await Promise.all(sent.map(({ reply }) => outcome(person.http, reply)));
    const finished = replies.map((reply) => Date.parse(reply.completedAt!));
    expect(finished).toEqual([...finished].sort((a, b) => a - b));
    expect(replies.map(({ content }) => content.slice(0, 6))).toEqual(['Turn 1', 'Turn 2', 'Turn 3']);
  });

  it('in one room delays no other room', async () => {
    const [slow, quick] = [await openRoom(person.http), await openRoom(person.http)];
    await script(stack, 'very slow', [{ type: 'hang' }]);
    const waiting = await send(person.http, slow, 'very slow');
    await eventually(async () => (await callsFor(stack, 'very slow')).length > 0);
    const { reply } = await send(person.http, quick, 'quick');
    const answered = await outcome(person.http, reply);
    expect(answered.status).toBe('completed');
    expect(await read(person.http, waiting.reply)).toMatchObject({ status: 'generating', completedAt: null });
    await stop(waiting.reply);
    const late = await outcome(person.http, waiting.reply);
    expect(Date.parse(answered.completedAt!)).toBeLessThan(Date.parse(late.completedAt!));
  });

  it('lets one worker write the replies of fifty rooms at the same time', async () => {
    const rooms = await Promise.all(Array.from({ length: 50 }, () => openRoom(person.http)));
    await script(stack, 'together', [{ type: 'hang' }], 50);
    const sent = await Promise.all(rooms.map((room) => send(person.http, room, 'together')));
    // All fifty calls are open at once: no reply waits for another.
    await expectSoon(async () => {
      const calls = await callsFor(stack, 'together');
      expect(calls.filter((call) => call.outcome === 'open').length).toBeGreaterThanOrEqual(50);
    });
    // They would go on, and take all that the worker writes at once.
    await Promise.all(sent.map(({ reply }) => stop(reply)));
    await Promise.all(sent.map(({ reply }) => outcome(person.http, reply)));
  }, 60_000);
});

describe('the conversation that the model sees', () => {
  it('has what was said in order and the system instruction, also a question without an answer', async () => {
    const room = await openRoom(person.http, { systemInstruction: 'Be brief.' });
    await script(stack, 'this one fails', [{ type: 'empty' }]);
    for (const content of ['first', 'this one fails', 'the last']) {
      await outcome(person.http, (await send(person.http, room, content)).reply);
    }
    const [call] = await callsFor(stack, 'the last');
    expect(call!.contents.map(({ role, parts }) => [role, parts.map(({ text }) => text)])).toEqual([
      ['user', ['first']],
      ['model', ['Turn 1. You said: "first". I was told: "Be brief."']],
      ['user', ['this one fails', 'the last']],
    ]);
  });
});

describe('regenerating a reply', () => {
  it('shows the newest variant, keeps the others, and asks the model without the old answer', async () => {
    const room = await openRoom(person.http);
    const { message, reply } = await send(person.http, room, 'Say it again');
    await outcome(person.http, reply);
    const regenerated = await person.http.post<{ reply: Message }>(`/chatroom/${room}/message/${reply.id}/regenerate`);
    expect(regenerated.status).toBe(202);
    await outcome(person.http, regenerated.body.reply);
    const { body } = await person.http.get<{ messages: Message[] }>(`/chatroom/${room}`);
    expect(body.messages.map(({ id }) => id)).toEqual([message.id, regenerated.body.reply.id]);
    const variants = await person.http.get<{ items: Message[] }>(`/chatroom/${room}/message/${message.id}/replies`);
    expect(variants.body.items.map(({ id }) => id)).toEqual([regenerated.body.reply.id, reply.id]);
    expect((await callsFor(stack, 'Say it again')).map(({ contents }) => contents.length)).toEqual([1, 1]);
    expect((await person.http.post(`/chatroom/${room}/message/${reply.id}/regenerate`)).body).toMatchObject({
      status: 409,
      code: 'not_latest_reply',
    });
  });
});

describe('a room without a title', () => {
  it('gets a title from its first message and reply, at no cost', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const { body } = await http.post<{ id: string }>('/chatroom', {});
    await outcome(http, (await send(http, body.id, 'Why is the sky blue?')).reply);
    await expectSoon(async () => {
      const room = await http.get<{ title: string | null }>(`/chatroom/${body.id}`);
      expect(room.body.title).toEqual(expect.any(String));
    });
    expect((await quotaOf(http)).used).toBe(1);
  });
});

describe('the rate limit of a model', () => {
  it('delays the next call for as long as Gemini asks, and spends no attempt', async () => {
    await script(stack, 'too much', [
      ...Array<Behaviour>(ATTEMPTS + 1).fill({ type: '429', retryAfterMs: 300 }),
      { type: 'answer' },
    ]);
    const { reply } = await send(person.http, await openRoom(person.http), 'too much');
    const answered = await outcome(person.http, reply);
    expect(answered.status).toBe('completed');
    const calls = await callsFor(stack, 'too much');
    expect(calls).toHaveLength(ATTEMPTS + 2);
    const pauses = calls.slice(1).map((call, i) => Date.parse(call.receivedAt) - Date.parse(calls[i]!.receivedAt));
    for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(300);
  });

  it('delays the calls of other rooms as well', async () => {
    await script(stack, 'over the rate', [{ type: '429', retryAfterMs: 6_000 }, { type: 'answer' }]);
    const { reply } = await send(person.http, await openRoom(person.http), 'over the rate');
    await eventually(async () => (await callsFor(stack, 'over the rate')).length > 0);
    await eventually(async () => (await read(person.http, reply)).status === 'queued');
    const other = await send(person.http, await openRoom(person.http), 'sent meanwhile');
    expect(await outcome(person.http, other.reply)).toMatchObject({ status: 'completed' });
    const [[refused], [next]] = [await callsFor(stack, 'over the rate'), await callsFor(stack, 'sent meanwhile')];
    expect(Date.parse(next!.receivedAt) - Date.parse(refused!.receivedAt)).toBeGreaterThanOrEqual(6_000);
  }, 60_000);

  // The last one, since the model stays paused.
  it('fails a reply when it lasts beyond the deadline', async () => {
    await stack.worker().restart({ REPLY_DEADLINE_MS: '8000' });
    await script(stack, 'for ever too much', [{ type: '429', retryAfterMs: 20_000 }]);
    const { http } = await signUpAndLogIn(stack.http);
    const { reply } = await send(http, await openRoom(http), 'for ever too much');
    expect(await outcome(http, reply, 40_000)).toMatchObject({
      status: 'failed',
      error: { code: 'model_rate_limited' },
    });
    expect((await quotaOf(http)).used).toBe(0);
  }, 90_000);
});

/** Asks for a reply to be stopped. */
async function stop({ chatroomId, id }: Message): Promise<void> {
  expect((await person.http.post(`/chatroom/${chatroomId}/message/${id}/cancel`)).status).toBe(200);
}

function expectSoon(assertion: () => Promise<void>): Promise<true> {
  return eventually(() => assertion().then(() => true as const));
}
