import type { FileUIPart } from 'ai';
import { eventually } from '../../../../test/support/eventually.js';
import { loggedInClient, type ScriptedAnswer } from '../../../../test/support/http/scripted-api.js';
import type { ChatFile } from '../types.js';
import type { ChatMessage } from './chat-message.js';
import { createChatTransport } from './index.js';

const BASE = 'https://api.example';
const file = (id: string): ChatFile => ({
  ...{ id, name: `${id}.txt`, mediaType: 'text/plain', bytes: 2, width: null, height: null },
  createdAt: '2026-11-27T09:00:00.000Z',
});
const message = { id: 'q', chatroomId: 'r', role: 'user', status: 'completed', content: 'Hi', completedAt: 'now' };
const reply = { ...message, id: 'a', role: 'bot', content: 'Hello', replyTo: 'q' };
const accepted = `event: accepted\nid: 0\ndata: ${JSON.stringify({ message, reply })}\n\n`;

const uploaded = (url: string): FileUIPart => ({ type: 'file', url, mediaType: 'text/plain', filename: 'own.txt' });
const written = (...files: FileUIPart[]): ChatMessage => ({
  id: 'own',
  role: 'user',
  parts: [...files, { type: 'text', text: 'Hi' }],
});

/** A transport, and what it uploads and sends. Uploads get the ids 1, 2, … */
async function transported(answer: (path: string) => ScriptedAnswer | Promise<ScriptedAnswer> | null = () => null) {
  let uploads = 0;
  const { api, chat } = await loggedInClient(
    async ({ path }) => {
      const own = await answer(path);
      if (own !== null) return own;
      return path.endsWith('/file') ? { json: file(`${++uploads}`) } : { parts: [accepted], then: 'hang' };
    },
    { baseUrl: BASE },
  );
  const transport = createChatTransport(chat);
  const send = (sent: ChatMessage) =>
    transport.sendMessages({
      ...{ chatId: 'r', trigger: 'submit-message', messageId: undefined, messages: [sent], abortSignal: undefined },
    });
  const texts = async (): Promise<string[]> =>
    Promise.all(api.calls.flatMap(({ upload }) => (upload === undefined ? [] : [new Response(upload).text()])));
  const bodies = (): unknown[] => api.calls.flatMap(({ body }) => (body === undefined ? [] : [JSON.parse(body)]));
  return { api, transport, send, texts, bodies };
}

describe('a message with files', () => {
  it('has them uploaded first, and those that are uploaded named', async () => {
    const { transport, send, texts, bodies } = await transported();
    const stream = await send(
      written(
        uploaded('data:text/plain;base64,w7w='),
        transport.filePart(file('there')),
        uploaded('data:text/plain;charset=utf-8,%C3%A4%0A,'),
      ),
    );
    await stream.cancel();
    const [first, second] = await texts();
    expect(first).toContain('filename="own.txt"');
    expect([first, second]).toEqual([
      expect.stringContaining('\r\n\r\nü\r\n'),
      expect.stringContaining('\r\n\r\nä\n,\r\n'),
    ]);
    expect(bodies()).toEqual([{ content: 'Hi', files: ['1', 'there', '2'] }]);
  });

  it('is sent again with the same files, which are uploaded once', async () => {
    let refusal: string | null = 'model_cannot_take_file';
    const { send, api, bodies } = await transported((path) =>
      refusal === null || path.endsWith('/file') ? null : { status: 422, json: { code: refusal } },
    );
    const sent = written(uploaded('data:,x'));
    await expect(send(sent)).rejects.toMatchObject({ code: 'model_cannot_take_file' });
    refusal = 'file_not_found';
    await expect(send(sent)).rejects.toMatchObject({ code: 'file_not_found' });
    refusal = null;
    await (await send(sent)).cancel();
    expect(api.requests.filter((each) => each.endsWith('/file'))).toHaveLength(2);
    // Unused files are deleted after a day, so that a new copy is needed.
    expect(bodies()).toEqual(['1', '1', '2'].map((id) => ({ content: 'Hi', files: [id] })));
  });

  it('is sent with another file when it was refused and changed, and with a new copy once it was accepted', async () => {
    let isRefused = true;
    const { send, texts, bodies } = await transported((path) =>
      isRefused && !path.endsWith('/file') ? { status: 422, json: { code: 'model_cannot_take_file' } } : null,
    );
    await expect(send(written(uploaded('data:,old')))).rejects.toMatchObject({ code: 'model_cannot_take_file' });
    isRefused = false;
    const changed = written(uploaded('data:,new'));
    await (await send(changed)).cancel();
    expect(bodies()).toEqual(['1', '2'].map((id) => ({ content: 'Hi', files: [id] })));
    expect((await texts())[1]).toContain('\r\n\r\nnew\r\n');
    // Nothing is kept of a message that was accepted.
    await (await send(changed)).cancel();
    expect(bodies().at(-1)).toEqual({ content: 'Hi', files: ['3'] });
  });

  it('is not sent when a file is refused, is no data URL, or is stopped meanwhile', async () => {
    const { send, transport, bodies } = await transported((path) =>
      path.endsWith('/file') ? { status: 413, json: { code: 'file_too_large' } } : null,
    );
    await expect(send(written(uploaded('data:,x')))).rejects.toMatchObject({ code: 'file_too_large' });
    await expect(send(written(uploaded('https://elsewhere.example/file/f/content')))).rejects.toThrow('data URL');
    const { send: sendSlowly, transport: slow, api } = await transported(() => new Promise<never>(() => undefined));
    const sending = sendSlowly(written(uploaded('data:,x')));
    await eventually(() => api.calls.length > 0);
    await slow.stop('r');
    await expect(sending).rejects.toMatchObject({ code: 'aborted' });
    expect(transport).not.toBe(slow);
    expect(bodies()).toEqual([]);
  });
});

it('has files, thoughts and sources of stored messages as parts', async () => {
  const source = { title: 'Sky', uri: 'https://sky.example/', ranges: [{ start: 0, end: 5 }] };
  const messages = [
    { ...message, replyTo: null, files: [file('f')], thoughts: null, sources: [], searchQueries: [] },
    { ...reply, files: [], thoughts: 'Hm', sources: [source], searchQueries: ['sky'] },
  ];
  const { transport } = await transported(() => ({ json: { id: 'r', messages, nextCursor: null } }));
  const loaded = await transport.loadMessages('r');
  expect(loaded.messages.map(({ parts }) => parts)).toEqual([
    [
      { type: 'file', url: `${BASE}/file/f/content`, mediaType: 'text/plain', filename: 'f.txt' },
      { type: 'text', text: 'Hi', state: 'done' },
    ],
    [
      { type: 'reasoning', text: 'Hm', state: 'done' },
      { type: 'text', text: 'Hello', state: 'done' },
      { type: 'source-url', sourceId: 'source-1', url: 'https://sky.example/', title: 'Sky' },
    ],
  ]);
  expect(loaded.messages[1]?.metadata).toMatchObject({ sources: [source], searchQueries: ['sky'] });
});
