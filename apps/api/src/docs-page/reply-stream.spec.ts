import { ReplyStream } from './reply-stream.js';

const TEXT = [
  'retry: 500\n\n',
  'event: accepted\nid: 0\ndata: {"reply":{"id":"r"}}\n\n',
  'event: delta\nid: 1-3\ndata: {"text":"Wro"}\n\n',
  ':\n\n',
  'event: reset\nid: 2-0\ndata: {}\n\n',
  'event: delta\nid: 2-2\ndata: {"text":"Be"}\n\n',
  'event: delta\nid: 2-7\ndata: {"text":"cause"}\n\n',
].join('');

describe('a stream on the page', () => {
  it.each([1, 2, 7, 1_000])('is read alike in pieces of %i characters', (size) => {
    const stream = new ReplyStream();
    const pieces = TEXT.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const accepted = pieces.map((piece) => stream.append(piece)).filter((each) => each !== null);
    expect(accepted).toEqual([{ reply: { id: 'r' } }]);
    expect([stream.text, stream.lastEventId, stream.isDone, stream.raw]).toEqual(['Because', '2-7', false, TEXT]);
    stream.append('event: done\nid: done\ndata: {}\n\n');
    expect([stream.text, stream.isDone]).toEqual(['Because', true]);
  });
});
