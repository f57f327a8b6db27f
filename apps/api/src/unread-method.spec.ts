import type { ConnectionError } from 'fastify';
import { unreadMethodProblem } from './unread-method.js';

const methods = new Map([['/chatroom/:id', new Set(['GET'])]]);

const refused = (packet: string): ConnectionError =>
  Object.assign(new Error('refused'), { code: 'HPE_INVALID_METHOD', rawPacket: Buffer.from(packet) }) as never;

describe('a request with a method that Node does not read', () => {
  it.each(['/chatroom/1', '/chatroom/1?limit=5', '/chatroom/1#part'])('is told what the path has: %s', (path) => {
    const problem = unreadMethodProblem(refused(`BREW ${path} HTTP/1.1\r\nHost: api\r\n\r\n`), methods);
    expect(problem).toMatchObject({ status: 405, headers: { Allow: 'GET, OPTIONS' } });
  });

  it('is read in no time, whatever its bytes are', () => {
    const begun = performance.now();
    for (const part of ['a', '/', '?', 'a?', '#']) {
      unreadMethodProblem(refused(`BREW /${part.repeat(65_000 / part.length)}`), methods);
    }
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
