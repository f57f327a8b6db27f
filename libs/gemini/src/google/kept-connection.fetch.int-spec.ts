import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchOver } from './kept-connection.fetch.js';
import { TEXT_PER_TURN } from './text-turn.js';

const TEXT = 'Grüße, 你好, 🎈. '.repeat(20_000);

const agent = new Agent({ keepAlive: true });
const server = createServer((request, response) => {
  request.resume();
  response.end(TEXT);
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));

afterAll(() => {
  agent.destroy();
  server.close();
});

async function read(onRead: (length: number) => void): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const fetch = fetchOver(agent, new AbortController().signal);
  const { body } = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers: new Headers(), body: '{}' });
  const reader = body.pipeThrough().getReader();
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    onRead(next.value.length);
    text += next.value;
  }
  return text;
}

describe('the body of an answer', () => {
  it('is read in parts, so that answers that come at once leave the event loop to others in between', async () => {
    let longest = 0;
    let inThisTurn = 0;
    let turn = setImmediate(function next() {
      longest = Math.max(longest, inThisTurn);
      inThisTurn = 0;
      turn = setImmediate(next);
    });
    const onRead = (length: number): void => void (inThisTurn += length);
    const texts = await Promise.all([read(onRead), read(onRead), read(onRead)]);
    clearImmediate(turn);
    expect(texts.every((text) => text === TEXT)).toBe(true);
    expect(longest).toBeGreaterThan(0);
    // What is left of one turn and all of the next may be read between two of these.
    expect(longest).toBeLessThanOrEqual(2 * TEXT_PER_TURN);
  });
});
