import { eventually } from '../support/eventually.js';
import type { HttpClient } from '../support/http/http-client.js';
import {
  type Behaviour,
  callsFor,
  type Message,
  type ModelCall,
  openRoom,
  outcome,
  read,
  script,
  send,
} from '../support/messages.js';
import { proUser, startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;

beforeAll(async () => {
  // No attempt may end but as its model does: a worker that is held up must not lose a lease, since the next attempt would get the next behaviour.
  const env = { RATE_LIMIT_SEND_PER_MINUTE: '100000', REPLY_LEASE_MS: '60000' };
  ({ stack } = await startReplyStack({ env }));
}, 120_000);
afterAll(() => stack?.stop());

/** How one variant of a reply ends: what the model does, and whether its reader stops it. */
interface Ending {
  behaviour: Behaviour;
  status: Message['status'];
  hasText: boolean;
  /** Its reader stops it: as soon as there is text, or as soon as the model is asked. */
  cancelled?: true;
}

/** It takes a hundred seconds, in which its reader stops it. */
const LONG = { text: 'A long answer. '.repeat(1_000), chunkSize: 15, tokensPerSecond: 10 };

const ENDINGS = {
  completed: { behaviour: { type: 'answer', text: 'A whole answer.' }, status: 'completed', hasText: true },
  better: { behaviour: { type: 'answer', text: 'A better answer.' }, status: 'completed', hasText: true },
  stopped: { behaviour: { type: 'answer', ...LONG }, status: 'cancelled', hasText: true, cancelled: true },
  'stopped at once': { behaviour: { type: 'hang' }, status: 'cancelled', hasText: false, cancelled: true },
  truncated: {
    behaviour: { type: 'max_tokens', text: 'A truncated answer, and more.' },
    status: 'failed',
    hasText: true,
  },
  failed: { behaviour: { type: '400' }, status: 'failed', hasText: false },
  empty: { behaviour: { type: 'answer', text: ' \n\u00a0' }, status: 'failed', hasText: false },
  'prompt blocked': { behaviour: { type: 'prompt_blocked' }, status: 'blocked', hasText: false },
  'blocked halfway': {
    behaviour: { type: 'safety', text: 'A withheld answer, and more.' },
    status: 'blocked',
    hasText: true,
  },
} satisfies Record<string, Ending>;
type EndingName = keyof typeof ENDINGS;

/** What the model is shown of an exchange: the text of a variant, by its number; the question alone; or nothing. */
type Shown = number | 'question' | 'nothing';

/** The variants of each question's reply, in order, and what a later call is shown of the exchange. */
const CASES: [variants: EndingName[], shown: Shown][][] = [
  [[['completed'], 0]],
  [[['stopped'], 0]],
  [[['stopped at once'], 'question']],
  [[['truncated'], 0]],
  [[['failed'], 'question']],
  [[['empty'], 'question']],
  [[['prompt blocked'], 'nothing']],
  [[['blocked halfway'], 'nothing']],
  // Regenerated, with a better end or a worse one.
  [[['completed', 'better'], 1]],
  [[['failed', 'completed'], 1]],
  [[['prompt blocked', 'completed'], 1]],
  [[['blocked halfway', 'better'], 1]],
  [[['completed', 'truncated'], 1]],
  [[['completed', 'stopped'], 1]],
  [[['completed', 'failed'], 0]],
  [[['completed', 'empty'], 0]],
  [[['completed', 'stopped at once'], 0]],
  [[['completed', 'prompt blocked'], 'nothing']],
  [[['completed', 'blocked halfway'], 'nothing']],
  [[['stopped', 'failed'], 0]],
  [[['truncated', 'stopped at once'], 0]],
  [[['completed', 'better', 'failed', 'stopped at once'], 1]],
  [[['completed', 'prompt blocked', 'better'], 2]],
  [[['completed', 'blocked halfway', 'failed'], 0]],
  [[['blocked halfway', 'failed'], 'question']],
  // One after another.
  [
    [['failed'], 'question'],
    [['stopped at once'], 'question'],
    [['completed'], 0],
  ],
  [
    [['completed'], 0],
    [['prompt blocked'], 'nothing'],
    [['failed'], 'question'],
    [['stopped'], 0],
  ],
  [
    [['blocked halfway'], 'nothing'],
    [['completed', 'stopped at once'], 0],
    [['failed', 'empty'], 'question'],
  ],
];

const nameOf = (exchanges: (typeof CASES)[number]): string =>
  exchanges.map(([variants]) => variants.join(' → ')).join(', then ');

type Contents = ModelCall['contents'];

/** What a question is: its variants' behaviours are scripted by it, and it tells the cases apart. */
const questionOf = (exchanges: (typeof CASES)[number], index: number): string =>
  `Question ${index} of ${nameOf(exchanges)}`;

/** Begins one more variant of a reply, or its first one. */
async function begin(http: HttpClient, room: string, question: string, previous: Message | null): Promise<Message> {
  if (previous === null) return (await send(http, room, question)).reply;
  const regenerated = await http.post<{ reply: Message }>(`/chatroom/${room}/message/${previous.id}/regenerate`);
  expect(regenerated.status).toBe(202);
  return regenerated.body.reply;
}

/** Lets one variant end as it is to, and returns it as it is stored. */
async function end(
  http: HttpClient,
  reply: Message,
  ending: Ending,
  question: string,
  variant: number,
): Promise<Message> {
  if (ending.cancelled) {
    await eventually(async () => (await callsFor(stack, question)).length > variant);
    if (ending.hasText) await eventually(async () => (await read(http, reply)).content !== '');
    await http.post(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);
  }
  const final = await outcome(http, reply);
  expect([final.status, final.content.trim() !== '']).toEqual([ending.status, ending.hasText]);
  return final;
}

/** Has the exchanges in a room of their own, asks once more, and returns what was stored and what the model got. */
async function converse(exchanges: (typeof CASES)[number]): Promise<{ stored: Message[][]; contents: Contents }> {
  const { http } = await proUser(stack);
  const room = await openRoom(http);
  const stored: Message[][] = [];
  for (const [index, [names]] of exchanges.entries()) {
    const question = questionOf(exchanges, index);
    const endings: Ending[] = names.map((name) => ENDINGS[name]);
    await script(
      stack,
      question,
      endings.map(({ behaviour }) => behaviour),
      1,
    );
    const variants: Message[] = [];
    for (const [variant, ending] of endings.entries()) {
      const reply = await begin(http, room, question, variants.at(-1) ?? null);
      variants.push(await end(http, reply, ending, question, variant));
    }
    stored.push(variants);
  }
  const last = `And now, after ${nameOf(exchanges)}?`;
  await outcome(http, (await send(http, room, last)).reply);
  const [call] = await callsFor(stack, last);
  return { stored, contents: call!.contents };
}

/** The contents that the model has to get: texts of the user in a row are parts of one content. */
function expectedContents(exchanges: (typeof CASES)[number], stored: Message[][]): Contents {
  const said: [role: string, text: string][] = exchanges.flatMap(([, shown], index): [string, string][] => {
    if (shown === 'nothing') return [];
    const question: [string, string] = ['user', questionOf(exchanges, index)];
    return shown === 'question' ? [question] : [question, ['model', stored[index]![shown]!.content]];
  });
  const contents: Contents = [];
  for (const [role, text] of [...said, ['user', `And now, after ${nameOf(exchanges)}?`] as const]) {
    if (contents.at(-1)?.role === role) contents.at(-1)!.parts.push({ text });
    else contents.push({ role, parts: [{ text }] });
  }
  return contents;
}

describe('what the model is shown after', () => {
  const results = new Map<string, Promise<{ stored: Message[][]; contents: Contents }>>();

  // All run at the same time, each in a room of a user of its own.
  beforeAll(async () => {
    for (const exchanges of CASES) results.set(nameOf(exchanges), converse(exchanges));
    await Promise.allSettled(results.values());
  }, 120_000);

  it.each(CASES.map((exchanges) => [nameOf(exchanges), exchanges] as const))('%s', async (name, exchanges) => {
    const { stored, contents } = await results.get(name)!;
    expect(contents).toEqual(expectedContents(exchanges, stored));
    expect(contents.map(({ role }) => role)).toEqual(contents.map((_, index) => (index % 2 === 0 ? 'user' : 'model')));
  });
});

describe('a conversation', () => {
  it('goes on where its reader stopped the answer', async () => {
    const { http } = await proUser(stack);
    const room = await openRoom(http);
    const story = 'Write a long story… [[behaviour:answer tokensPerSecond=2 chunkSize=8]]'.padEnd(400, ' and on');
    const { reply } = await send(http, room, story);
    const kept = await end(http, reply, ENDINGS.stopped, story, 0);
    const { reply: next } = await send(http, room, 'Continue.');
    await outcome(http, next);
    const [call] = await callsFor(stack, 'Continue.');
    expect(call!.contents).toEqual([
      { role: 'user', parts: [{ text: story }] },
      { role: 'model', parts: [{ text: kept.content }] },
      { role: 'user', parts: [{ text: 'Continue.' }] },
    ]);
  });

  it('is asked anew without the answer that is to be replaced, and with all that came before', async () => {
    const { http } = await proUser(stack);
    const room = await openRoom(http);
    await outcome(http, (await send(http, room, 'My dog is called Rex.')).reply);
    const { reply } = await send(http, room, 'What is it called?');
    await outcome(http, reply);
    await outcome(http, await begin(http, room, 'What is it called?', reply));
    const calls = await callsFor(stack, 'What is it called?');
    expect(calls).toHaveLength(2);
    expect(calls[1]!.contents).toEqual(calls[0]!.contents);
    expect(calls[1]!.contents.map(({ parts }) => parts[0]!.text)).toEqual([
      'My dog is called Rex.',
      'Turn 1. You said: "My dog is called Rex.".',
      'What is it called?',
    ]);
  });
});

describe('a room without a title', () => {
  /** The call that asks for a title of the conversation that begins so, and the title that came of it. */
  async function named(first: string, answer?: string): Promise<{ call: ModelCall; title: string }> {
    const { http } = await proUser(stack);
    const { body } = await http.post<{ id: string }>('/chatroom', {});
    if (answer !== undefined) {
      const match = { prompt: `User: ${first}`, system: 'Name this conversation' };
      const rule = { match, behaviours: [{ type: 'answer', text: answer }] };
      await stack.http.at(stack.sandboxUrl).post('/control/gemini/rules', rule);
    }
    await outcome(http, (await send(http, body.id, first)).reply);
    const title = await eventually(async () => {
      const room = await http.get<{ title: string | null }>(`/chatroom/${body.id}`);
      if (room.body.title === null) throw new Error('The room has no title yet');
      return room.body.title;
    });
    const query = new URLSearchParams({ prompt: `User: ${first.slice(0, 20)}`, system: 'Name this conversation' });
    const calls = await stack.http
      .at(stack.sandboxUrl)
      .get<{ items: ModelCall[] }>(`/control/gemini/requests?${query.toString()}`);
    return { call: calls.body.items[0]!, title };
  }

  it('is named by a request of whole characters, of which each holds at most a thousand units', async () => {
    const { call } = await named(`${'a'.repeat(999)}😀 tail`);
    expect(call.prompt).toMatch(new RegExp(`^User: a{999}\n\nAssistant: Turn 1\\. You said: "a+$`));
    expect(call).toMatchObject({ status: 200, generationConfig: { maxOutputTokens: 1_024 } });
  });

  it('gets a title of whole characters', async () => {
    const { title } = await named('Name me in Chinese', `${'界'.repeat(59)}😀界`);
    expect(title).toBe(`${'界'.repeat(59)}…`);
  });

  it('gets a title without NUL', async () => {
    expect((await named('Name me without NUL', 'Blue\u0000 sky\u0000')).title).toBe('Blue sky');
  });
});
