import { readUIMessageStream } from 'ai';
import { loggedInClient } from '../../../../test/support/http/scripted-api.js';
import type { ChatMessage } from './chat-message.js';
import { streamOf } from './reply-chunks.js';

const message = { id: 'q', chatroomId: 'r', role: 'user', status: 'completed', content: 'Hi' };
const queued = { id: 'a', chatroomId: 'r', role: 'bot', status: 'queued', content: '' };
const source = (name: string) => ({ title: name, uri: `https://${name}.example/`, ranges: [{ start: 0, end: 5 }] });
const part = (place: number, name: string) => ({
  type: 'source-url',
  sourceId: `source-${place}`,
  url: `https://${name}.example/`,
  title: name,
});

const event = ([type, data]: [string, object], index: number): string =>
  `event: ${type}\nid: ${index}\ndata: ${JSON.stringify(data)}\n\n`;

/** All states of the message that `useChat` shows while the reply has these events. */
async function shownOf(...events: [string, object][]): Promise<ChatMessage[]> {
  const parts = [['accepted', { message, reply: queued }] as [string, object], ...events].map(event);
  const { chat } = await loggedInClient(() => ({ parts }));
  const states: ChatMessage[] = [];
  const stream = streamOf(
    () => chat.send('r', 'Hi'),
    () => undefined,
  );
  for await (const state of readUIMessageStream<ChatMessage>({ stream })) states.push(structuredClone(state));
  return states;
}

const partsOf = (states: ChatMessage[]) => states.at(-1)?.parts.filter(({ type }) => type !== 'step-start');

describe('a reply in the words of the AI SDK', () => {
  it('has thoughts, text and sources as parts, each finished', async () => {
    const done = { ...queued, status: 'completed', content: 'Hello', sources: [source('sky')], searchQueries: ['sky'] };
    const states = await shownOf(
      ['thought', { text: 'Let ' }],
      ['thought', { text: 'me see' }],
      ['delta', { text: 'Hel' }],
      ['delta', { text: 'lo' }],
      ['sources', { sources: [source('sky')], searchQueries: ['sky'] }],
      ['sources', { sources: [source('sky'), source('sea')], searchQueries: ['sky'] }],
      ['done', done],
    );
    expect(partsOf(states)).toMatchObject([
      { type: 'reasoning', text: 'Let me see', state: 'done' },
      { type: 'text', text: 'Hello', state: 'done' },
      part(1, 'sky'),
      part(2, 'sea'),
    ]);
    expect(states.at(-1)?.metadata).toMatchObject({ sources: [source('sky')], searchQueries: ['sky'] });
    expect(states.some(({ parts }) => parts.some((each) => each.type === 'reasoning' && each.text === 'Let '))).toBe(
      true,
    );
  });

  it('keeps the order of thoughts between two pieces of text', async () => {
    const states = await shownOf(
      ['delta', { text: 'One' }],
      ['thought', { text: 'Hm' }],
      ['delta', { text: ' two' }],
      ['done', { ...queued, status: 'completed', content: 'One two' }],
    );
    expect(partsOf(states)).toMatchObject([
      { type: 'text', text: 'One', state: 'done' },
      { type: 'reasoning', text: 'Hm', state: 'done' },
      { type: 'text', text: ' two', state: 'done' },
    ]);
  });

  it('forgets thoughts, text and sources of an attempt that was given up', async () => {
    const states = await shownOf(
      ['thought', { text: 'Void' }],
      ['delta', { text: 'Void' }],
      ['sources', { sources: [source('void')], searchQueries: [] }],
      ['thought', { text: 'Void' }],
      ['reset', {}],
      ['thought', { text: 'Hm' }],
      ['delta', { text: 'Hello' }],
      ['sources', { sources: [source('sky')], searchQueries: [] }],
      ['done', { ...queued, status: 'completed', content: 'Hello' }],
    );
    expect(states.some(({ parts }) => parts.some((each) => each.type === 'source-url' && each.title === 'void'))).toBe(
      true,
    );
    expect(partsOf(states)).toMatchObject([
      { type: 'reasoning', text: 'Hm', state: 'done' },
      { type: 'text', text: 'Hello', state: 'done' },
      part(1, 'sky'),
    ]);
  });
});
