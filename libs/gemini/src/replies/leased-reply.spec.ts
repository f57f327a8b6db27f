import type { ReplyLogWriter } from '@app/chatroom';
import fc from 'fast-check';
import { LeasedReply } from './leased-reply.js';
import type { ClaimedReply } from '../claims/reply-claim-sql.js';

/** What came to the log, in order. */
const logged: string[] = [];
const log = {
  append: (text: string) => logged.push(text),
  appendThought: (thought: string) => logged.push(`(${thought})`),
  flushed: () => Promise.resolve(),
} as unknown as ReplyLogWriter;

const replies: LeasedReply[] = [];
function leasedReply(): LeasedReply {
  const reply = new LeasedReply({ deadlineInMs: 60_000 } as ClaimedReply, log);
  replies.push(reply);
  return reply;
}
afterEach(() => {
  logged.length = 0;
  for (const reply of replies.splice(0)) reply.endDeadline();
});

describe('the text that is stored while a reply is written', () => {
  it('is all of it each time, as long as the reply is short', () => {
    const reply = leasedReply();
    for (let second = 1; second <= 10; second++) {
      reply.append('x'.repeat(400));
      expect(reply.takeUnstored()).toEqual({ content: 'x'.repeat(second * 400), thoughts: null });
    }
  });

  it('is none while the model writes nothing', () => {
    const reply = leasedReply();
    expect(reply.takeUnstored()).toBeNull();
    reply.append('Because');
    expect(reply.takeUnstored()).toEqual({ content: 'Because', thoughts: null });
    expect(reply.takeUnstored()).toBeNull();
  });

  it('has thoughts beside it, each only when there is more of it', () => {
    const reply = leasedReply();
    reply.appendThought('Well.');
    expect(reply.takeUnstored()).toEqual({ content: null, thoughts: 'Well.' });
    reply.append('Because');
    expect(reply.takeUnstored()).toEqual({ content: 'Because', thoughts: null });
    reply.append(' the air');
    reply.appendThought(' So.');
    expect(reply.takeUnstored()).toEqual({ content: 'Because the air', thoughts: 'Well. So.' });
    reply.storeAgain();
    expect(reply.takeUnstored()).toEqual({ content: 'Because the air', thoughts: 'Well. So.' });
  });

  it('is in all at most twice what was written and 32 Ki, and never less than half of it is stored', () => {
    const length = fc.oneof(fc.nat(500), fc.nat(50_000));
    const secondsOf = (isThought: fc.Arbitrary<boolean>) =>
      fc.array(fc.record({ length, isThought }), { minLength: 1, maxLength: 100 });
    const seconds = fc.oneof(secondsOf(fc.constant(false)), secondsOf(fc.boolean()));
    fc.assert(
      fc.property(seconds, (written) => {
        const reply = leasedReply();
        let [inAll, text, thoughts] = [0, 0, 0];
        for (const { length, isThought } of written) {
          if (isThought) reply.appendThought('x'.repeat(length));
          else reply.append('x'.repeat(length));
          const stored = reply.takeUnstored();
          inAll += (stored?.content?.length ?? 0) + (stored?.thoughts?.length ?? 0);
          text = stored?.content?.length ?? text;
          thoughts = stored?.thoughts?.length ?? thoughts;
          const all = reply.text.length + reply.thoughts.length;
          expect(inAll).toBeLessThanOrEqual(2 * all + 32 * 1024);
          expect(text + thoughts).toBeGreaterThanOrEqual(all / 2);
        }
      }),
    );
  });

  it('is all of it again after storing it has failed, however often', () => {
    const reply = leasedReply();
    for (const length of [50_000, 50_000, 50_000]) {
      reply.append('x'.repeat(length));
      for (let second = 0; second < 20; second++) {
        expect(reply.takeUnstored()).toEqual({ content: reply.text, thoughts: null });
        reply.storeAgain();
      }
    }
  });
});

describe('text and thoughts that come in pieces', () => {
  it('are apart, in the log in the order in which they come, without NUL and halves of characters', () => {
    const reply = leasedReply();
    reply.appendThought('We\u0000ll \ud83c');
    reply.append('Sky \ud83c');
    reply.appendThought('\udf0d.');
    reply.append('\udf08!\ud800');
    reply.append('.');
    expect(reply).toMatchObject({ text: 'Sky 🌈!\ufffd.', thoughts: 'Well 🌍.' });
    expect(logged).toEqual(['(Well )', 'Sky ', '(🌍.)', '🌈!', '\ufffd.']);
  });

  it('begin with the first word at text, and not at a thought', () => {
    const reply = leasedReply();
    reply.appendThought('Well.');
    expect(reply.firstWordMs).toBeNull();
    reply.append('Because');
    expect(reply.firstWordMs).not.toBeNull();
  });
});
