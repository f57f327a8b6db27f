import type { ReplyLogWriter } from '@app/chatroom';
import fc from 'fast-check';
import { LeasedReply } from './leased-reply.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';

const log = { append: () => undefined, flushed: () => Promise.resolve() } as unknown as ReplyLogWriter;

const replies: LeasedReply[] = [];
function leasedReply(): LeasedReply {
  const reply = new LeasedReply({ deadlineInMs: 60_000 } as ClaimedReply, log);
  replies.push(reply);
  return reply;
}
afterEach(() => {
  for (const reply of replies.splice(0)) reply.endDeadline();
});

describe('the text that is stored while a reply is written', () => {
  it('is all of it each time, as long as the reply is short', () => {
    const reply = leasedReply();
    for (let second = 1; second <= 10; second++) {
      reply.append('x'.repeat(400));
      expect(reply.takeUnstored()).toBe('x'.repeat(second * 400));
    }
  });

  it('is none while the model writes nothing', () => {
    const reply = leasedReply();
    expect(reply.takeUnstored()).toBeNull();
    reply.append('Because');
    expect(reply.takeUnstored()).toBe('Because');
    expect(reply.takeUnstored()).toBeNull();
  });

  it('is in all at most twice the text and 32 Ki, and never less than half of it is stored', () => {
    const seconds = fc.array(fc.oneof(fc.nat(500), fc.nat(50_000)), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(seconds, (written) => {
        const reply = leasedReply();
        let [inAll, last] = [0, 0];
        for (const length of written) {
          reply.append('x'.repeat(length));
          const stored = reply.takeUnstored();
          inAll += stored?.length ?? 0;
          last = stored?.length ?? last;
          expect(inAll).toBeLessThanOrEqual(2 * reply.text.length + 32 * 1024);
          expect(last).toBeGreaterThanOrEqual(reply.text.length / 2);
        }
      }),
    );
  });

  it('is all of it again after storing it has failed, however often', () => {
    const reply = leasedReply();
    for (const length of [50_000, 50_000, 50_000]) {
      reply.append('x'.repeat(length));
      for (let second = 0; second < 20; second++) {
        expect(reply.takeUnstored()).toBe(reply.text);
        reply.storeAgain();
      }
    }
  });
});
