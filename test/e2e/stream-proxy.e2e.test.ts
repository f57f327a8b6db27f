import { eventually } from '../support/eventually.js';
import { CompressingProxy } from '../support/http/compressing-proxy.js';
import { EventStream } from '../support/http/event-stream.js';
import { type Person, signUpAndLogIn } from '../support/login.js';
import { type Message, openRoom, read, script, send } from '../support/messages.js';
import { type Stack, startStack } from '../support/stack.js';

describe('a stream behind a proxy that compresses', () => {
  let stack: Stack;
  let person: Person;
  let proxy: CompressingProxy;

  beforeAll(async () => {
    stack = await startStack();
    person = await signUpAndLogIn(stack.http);
  }, 120_000);
  afterEach(() => proxy?.close());
  afterAll(() => stack?.stop());

  /** A reply of which some words are written, and that goes on until it is stopped. */
  async function unfinishedReply(prompt: string): Promise<Message> {
    await script(stack, prompt, [{ type: 'hang_mid_stream', text: 'The first words, and then more', afterChunks: 1 }]);
    return (await send(person.http, await openRoom(person.http), prompt)).reply;
  }

  /** Opens its stream through the proxy, and waits until the proxy has the first words. */
  async function openThroughProxy(reply: Message): Promise<EventStream> {
    const stream = await EventStream.ofReply(person.http.at(proxy.url), reply);
    await eventually(() => proxy.received.includes('event: delta'));
    return stream;
  }

  const stop = (reply: Message) => person.http.post(`/chatroom/${reply.chatroomId}/message/${reply.id}/cancel`);

  it('arrives word by word, for it says no-transform', async () => {
    proxy = await CompressingProxy.to(stack.url);
    const reply = await unfinishedReply('Word by word');
    const stream = await openThroughProxy(reply);
    await eventually(() => stream.text !== '');
    expect((await read(person.http, reply)).status).toBe('generating');
    await stop(reply);
    await stream.ended;
    expect(stream.text).toBe((await read(person.http, reply)).content);
  });

  it('would arrive in one piece without that, so the proxy is one', async () => {
    proxy = await CompressingProxy.to(stack.url, { ignoresNoTransform: true });
    const reply = await unfinishedReply('In one piece');
    const stream = await openThroughProxy(reply);
    // What the proxy had passed on would be here before the answer to this.
    expect((await person.http.at(proxy.url).get('/user/me')).status).toBe(200);
    expect(stream.events).toEqual([]);
    await stop(reply);
    await stream.ended;
    expect(stream.text).toBe((await read(person.http, reply)).content);
  });

  it('is the only thing that stays uncompressed', async () => {
    proxy = await CompressingProxy.to(stack.url);
    const answer = await fetch(`${proxy.url}/openapi.json`);
    expect(answer.headers.get('content-encoding')).toMatch(/gzip|br/);
    await answer.body?.cancel();
  });
});
