import { EventStream } from '../support/http/event-stream.js';
import { eventually } from '../support/eventually.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import {
  type Behaviour,
  callsFor,
  type Message,
  openRoom,
  outcome,
  quotaOf,
  script,
  send,
} from '../support/messages.js';
import { startReplyStack } from '../support/replies/reply-stack.js';
import type { Stack } from '../support/stack.js';

let stack: Stack;
let person: Person;

beforeAll(async () => {
  ({ stack, person } = await startReplyStack());
}, 120_000);

afterAll(() => stack?.stop());

const THOUGHTS = 'Let me see. Light is blue? Yes, it scatters 🌍! ';
const TEXT = 'Because blue light scatters.';
const SLOWLY = { tokensPerSecond: 4 };
/** So many, each after seconds, that none of the text comes before a test has done what it does meanwhile. */
const LONG_THOUGHTS = Array.from({ length: 40 }, (_, index) => `Idea ${index + 1}. `).join('');

let prompts = 0;

/** Sends a prompt to which the model behaves like this. */
async function ask(http: Person['http'], room: string, behaviours: Behaviour[]) {
  const prompt = `Why is the sky blue, ${prompts++}?`;
  await script(stack, prompt, behaviours);
  return { prompt, reply: (await send(http, room, prompt)).reply };
}

const thinking = (more: object = {}): Behaviour => ({ type: 'answer', text: TEXT, thoughts: THOUGHTS, ...more });

const showing = (http = person.http): Promise<string> => openRoom(http, { showThoughts: true });

/** The texts of all events of a kind since the last reset. */
function heard({ events }: EventStream, kind: 'thought' | 'delta'): string {
  const reset = events.findLastIndex(({ event }) => event === 'reset');
  const ofKind = events.slice(reset + 1).filter(({ event }) => event === kind);
  return ofKind.map(({ data }) => data['text'] as string).join('');
}

async function readToTheEnd(reply: Message, lastEventId?: string): Promise<EventStream> {
  const stream = await EventStream.ofReply(person.http, reply, lastEventId);
  await stream.ended;
  return stream;
}

describe('thoughts', () => {
  it('are asked for, told as they come, and stored beside the text', async () => {
    const { reply, prompt } = await ask(person.http, await showing(), [thinking({ tokensPerSecond: 20 })]);
    const stream = await readToTheEnd(reply);
    expect([heard(stream, 'thought'), heard(stream, 'delta')]).toEqual([THOUGHTS, TEXT]);
    const names = stream.events.map(({ event }) => event);
    expect(names.lastIndexOf('thought')).toBeLessThan(names.indexOf('delta'));
    expect(stream.done).toMatchObject({ status: 'completed', content: TEXT, thoughts: THOUGHTS });
    expect(await outcome(person.http, reply)).toEqual(stream.done);
    const { body } = await person.http.get<{ messages: Message[] }>(`/chatroom/${reply.chatroomId}`);
    expect(body.messages.find(({ id }) => id === reply.id)).toEqual(stream.done);
    const [call] = await callsFor(stack, prompt);
    expect(call?.generationConfig?.thinkingConfig).toEqual({ includeThoughts: true });
  });

  it('count as what the model used', async () => {
    const { reply } = await ask(person.http, await showing(), [thinking()]);
    const { usage } = await outcome(person.http, reply);
    expect(usage).toMatchObject({ thoughtTokens: Math.ceil(THOUGHTS.length / 4), replyTokens: TEXT.length / 4 });
  });

  it('are dropped where they are not to be shown, though the model tells them', async () => {
    const { reply, prompt } = await ask(person.http, await openRoom(person.http), [thinking()]);
    const stream = await readToTheEnd(reply);
    expect([heard(stream, 'thought'), heard(stream, 'delta')]).toEqual(['', TEXT]);
    expect(stream.done).toMatchObject({ status: 'completed', content: TEXT, thoughts: null });
    expect((await callsFor(stack, prompt))[0]?.generationConfig).not.toHaveProperty('thinkingConfig');
  });

  it('may come between pieces of text', async () => {
    const between = thinking({ thoughtsBetween: true, chunkSize: 5, tokensPerSecond: 20 });
    const { reply } = await ask(person.http, await showing(), [between]);
    const stream = await readToTheEnd(reply);
    expect([heard(stream, 'thought'), heard(stream, 'delta')]).toEqual([THOUGHTS, TEXT]);
    expect(stream.done).toMatchObject({ content: TEXT, thoughts: THOUGHTS });
  });

  it('go on where a reader was, after a cut in the middle of them and after the end', async () => {
    const { reply } = await ask(person.http, await showing(), [thinking(SLOWLY)]);
    const first = await EventStream.ofReply(person.http, reply);
    await eventually(() => first.events.length > 0);
    first.close();
    await first.ended.catch(() => undefined);
    const { id, event } = first.events[0]!;
    expect({ id, event }).toEqual({ id: expect.stringMatching(/^1-0\.\d+-/), event: 'thought' });
    const begun = first.events[0]!.data['text'] as string;
    for (const second of [await readToTheEnd(reply, id), await readToTheEnd(reply, id)]) {
      expect(second.events.map((each) => each.event)).not.toContain('reset');
      expect([begun + heard(second, 'thought'), heard(second, 'delta')]).toEqual([THOUGHTS, TEXT]);
    }
  });

  it('are kept of a reply that is stopped in the middle of them, which costs nothing', async () => {
    const { http } = await signUpAndLogIn(stack.http);
    const lasting = thinking({ thoughts: LONG_THOUGHTS, tokensPerSecond: 0.2 });
    const { reply } = await ask(http, await showing(http), [lasting]);
    const stream = await EventStream.ofReply(http, reply);
    await eventually(() => heard(stream, 'thought') !== '');
    await http.post(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);
    await stream.ended;
    expect(stream.done).toMatchObject({ status: 'cancelled', content: '', thoughts: heard(stream, 'thought') });
    expect(LONG_THOUGHTS.startsWith(heard(stream, 'thought'))).toBe(true);
    expect(await outcome(http, reply)).toEqual(stream.done);
    expect((await quotaOf(http)).used).toBe(0);
  });

  it('of an attempt that failed are forgotten', async () => {
    const wrong = { thoughts: 'Wrong. Quite wrong. ', tokensPerSecond: 0.3, afterChunks: 2 };
    const failing = thinking({ ...wrong, type: 'reset_mid_stream' });
    const { reply } = await ask(person.http, await showing(), [failing, thinking()]);
    const stream = await readToTheEnd(reply);
    const names = stream.events.map(({ event }) => event);
    expect(names).toContain('reset');
    expect(names.slice(0, names.indexOf('reset'))).toContain('thought');
    expect([heard(stream, 'thought'), heard(stream, 'delta')]).toEqual([THOUGHTS, TEXT]);
    expect(stream.done).toMatchObject({ status: 'completed', content: TEXT, thoughts: THOUGHTS });
  });

  it('of the last attempt are kept where all fail', async () => {
    const cut = thinking({ type: 'cut', afterChunks: 2 });
    const { reply } = await ask(person.http, await showing(), [cut]);
    const { done } = await readToTheEnd(reply);
    expect(done).toMatchObject({ status: 'failed', content: '', thoughts: 'Let me see. Light is blue? ' });
    expect(await outcome(person.http, reply)).toEqual(done);
  });
});
