import type { Message } from '../types.js';
import { mergePage, shownOf, type ShownMessage } from './shown-message.js';

const message = (id: string, differs: Partial<Message> = {}): Message => ({
  ...{ id, chatroomId: 'room', role: 'user', content: id, status: 'completed', createdAt: '2026-11-26T09:00:00.000Z' },
  ...{ completedAt: '2026-11-26T09:00:00.000Z', replyTo: null, model: null, finishReason: null, usage: null },
  ...{ error: null, feedback: null, files: [], thoughts: null, sources: [], searchQueries: [] },
  ...differs,
});

const reply = (id: string, replyTo: string, differs: Partial<Message> = {}): Message =>
  message(id, { role: 'bot', replyTo, ...differs });

const turn = (number: number): Message[] => [message(`m${number}`), reply(`r${number}`, `m${number}`)];

const shown = (...messages: Message[]): ShownMessage[] => messages.map((each) => shownOf(each));

const idsOf = ({ messages }: { messages: ShownMessage[] }): string => messages.map(({ id }) => id).join(' ');

const none: ReadonlySet<string> = new Set();

describe('a page that is read once more', () => {
  it('leaves older messages and the very objects of those that are shown', () => {
    const before = shown(...turn(1), ...turn(2));
    const merged = mergePage(before, [...turn(2), ...turn(3)], none);
    expect([idsOf(merged), merged.reachesFurther]).toEqual(['m1 r1 m2 r2 m3 r3', true]);
    expect(merged.messages[3]).toBe(before[3]);
  });

  it('begins the list anew where messages are missing between it and what is shown', () => {
    const merged = mergePage(shown(...turn(1), ...turn(2)), [...turn(8), ...turn(9)], none);
    expect([idsOf(merged), merged.reachesFurther]).toEqual(['m8 r8 m9 r9', false]);
  });

  it('replaces a variant by the newer one, also by one that the page begins with', () => {
    const before = shown(...turn(1), ...turn(2));
    expect(idsOf(mergePage(before, [message('m1'), reply('new', 'm1'), ...turn(2)], none))).toBe('m1 new m2 r2');
    expect(idsOf(mergePage(before, [reply('new', 'm1'), ...turn(2)], none))).toBe('m1 new m2 r2');
  });

  it('keeps what was accepted while it was read, and nothing else that it lacks', () => {
    const before = shown(...turn(1), ...turn(2), ...turn(3));
    expect(idsOf(mergePage(before, turn(1), new Set(['m3', 'r3'])))).toBe('m1 r1 m3 r3');
    expect(idsOf(mergePage(shown(...turn(1)), [], new Set(['m1', 'r1'])))).toBe('m1 r1');
  });

  it('has the feedback of the page, but for replies that were rated while it was read', () => {
    const given = (rating: 'up' | 'down', at: string) => ({ feedback: { rating, comment: null, createdAt: at } });
    const before = shown(message('m1'), reply('r1', 'm1', given('up', '2026-11-26T09:01:00.000Z')), ...turn(2));
    const page = [message('m1'), reply('r1', 'm1', given('down', '2026-11-26T09:02:00.000Z')), ...turn(2)];
    const ratingOf = (merged: { messages: ShownMessage[] }) => merged.messages[1]?.message?.feedback?.rating;
    expect(ratingOf(mergePage(before, page, none))).toBe('down');
    expect(ratingOf(mergePage(before, page, none, new Set(['r1'])))).toBe('up');
    expect(ratingOf(mergePage(before, [...turn(1), ...turn(2)], none))).toBeUndefined();
  });

  it('keeps the text that a reading is ahead with, until the reply is finished', () => {
    const growing = { ...shownOf(reply('r1', 'm1', { status: 'generating' }), 'key'), content: 'One two' };
    const before = [...shown(message('m1')), growing];
    const stillWritten = [
      message('m1'),
      reply('r1', 'm1', { status: 'generating', content: 'One', completedAt: null }),
    ];
    expect(mergePage(before, stillWritten, none).messages[1]).toBe(growing);
    const [, finished] = mergePage(
      before,
      [message('m1'), reply('r1', 'm1', { content: 'One two three' })],
      none,
    ).messages;
    expect(finished).toMatchObject({ key: 'key', status: 'completed', content: 'One two three' });
  });
});
