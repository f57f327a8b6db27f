import { RateLimitedError } from '../rate-limit/rate-limit.errors.js';
import { RequestTurnsService } from './request-turns.service.js';

let turns: RequestTurnsService;
beforeEach(() => {
  turns = new RequestTurnsService();
});

/** Begins so many requests of a user; `ends` has those whose turn it is. */
function beginMany(userId: string, count: number): { ends: (() => void)[]; all: Promise<unknown>[] } {
  const ends: (() => void)[] = [];
  const all = Array.from({ length: count }, () => turns.begin(userId).then((end) => ends.push(end)));
  return { ends, all };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('turns of requests', () => {
  it('are three at once for each user, and begin in the order in which they came', async () => {
    const { ends } = beginMany('ada', 20);
    const others = beginMany('bob', 3);
    await settled();
    expect([ends.length, others.ends.length]).toEqual([3, 3]);
    for (let ended = 0; ended < 20; ended++) {
      ends[ended]!();
      ends[ended]!();
      await settled();
      expect(ends.length).toBe(Math.min(20, 4 + ended));
    }
    expect(beginMany('ada', 6).ends).toEqual([]);
  });

  it('are refused when hundreds wait', async () => {
    const { ends, all } = beginMany('ada', 504);
    await expect(all.at(-1)).rejects.toThrow(RateLimitedError);
    expect(ends.length).toBe(3);
  });
});
