import { mostAtOnce, type ReplyLife } from './fairness.js';
import type { SeenCall } from './seen-calls.js';
import { brokenUsage, type LedgerSums, type StoredSums } from './usage-law.js';

const MODEL = 'a-model';
const USE = { prompt: 10, cached: 4, thought: 2, reply: 5 };
const NOTHING = { prompt: 0, cached: 0, thought: 0, reply: 0 };

const call = (prompt: string, from: number, to: number, more: Partial<SeenCall> = {}): SeenCall => ({
  ...{ client: 'One', purpose: 'reply', prompt, model: MODEL, apiKey: 'first', from, to, aborted: false, known: USE },
  ...more,
});
const life = (prompt: string, from: number, to: number): ReplyLife => ({ prompt, from, to });

describe('the calls of a client at a moment', () => {
  const lives = [life('a', 0, 100_000), life('b', 0, 100_000), life('c', 0, 100_000)];
  const most = (calls: SeenCall[], freezes: Parameters<typeof mostAtOnce>[2] = []) =>
    mostAtOnce(calls, lives, freezes).get('One') ?? 0;

  it.each([
    ['all that are open', [call('a', 0, 10), call('b', 5, 15), call('c', 9, 20)], 3],
    ['not one that ends as another begins', [call('a', 0, 10), call('b', 10, 15)], 1],
    [
      'not one that a newer call for the same reply has replaced',
      [call('a', 0, 50), call('a', 10, 15), call('b', 20, 30)],
      1,
    ],
    [
      'one that its worker has closed until shortly before',
      [call('a', 0, 1_000, { aborted: true }), call('b', 500, 600)],
      2,
    ],
    [
      'not the moment in which a connection is closed',
      [call('a', 0, 1_000, { aborted: true }), call('b', 950, 2_000)],
      1,
    ],
    ['none for a title', [call('a', 0, 10), call('b', 0, 10, { purpose: 'title' })], 1],
    ['none of a reply that has ended', [call('a', 0, 300_000), call('b', 200_000, 300_000)], 1],
  ])('are %s', (_what, calls, expected) => {
    expect(most(calls)).toBe(expected);
  });

  it('are none of a worker that is frozen', () => {
    const calls = [call('a', 0, 9_000), call('b', 8_000, 8_500, { apiKey: 'second' })];
    expect(most(calls)).toBe(2);
    expect(most(calls, [{ apiKey: 'first', from: 5_000, to: 9_000 }])).toBe(1);
    expect(most(calls, [{ apiKey: 'second', from: 5_000, to: 7_500 }])).toBe(1);
  });
});

describe('the law of the ledger', () => {
  const key = { client: 'One', model: MODEL, purpose: 'reply' } as const;
  const ledger = (calls: number, estimated: number, tokens = USE): LedgerSums[] => [
    { ...key, calls, estimated, tokens },
  ];
  const stored = (begun: number, told: number, tokens = NOTHING): StoredSums[] => [{ ...key, begun, told, tokens }];
  const seen = [call('a', 0, 10)];
  const unanswered = call('b', 0, 10, { known: null });

  it.each([
    ['a call that is recorded with its use', ledger(1, 0), stored(1, 1, USE), seen],
    ['a call that nothing is known of', ledger(2, 1, { ...USE, prompt: 25 }), stored(2, 1, USE), [...seen, unanswered]],
    ['an estimate of a call that was not made', ledger(2, 1, { ...USE, prompt: 25 }), stored(2, 1, USE), seen],
    ['an answer that its worker did not live to store', ledger(1, 1), stored(1, 0), seen],
    ['a stopped call of whose answer less has arrived', ledger(1, 0, { ...USE, reply: 3 }), stored(1, 0), seen],
  ])('is kept by %s', (_what, ...evidence) => {
    expect(brokenUsage(...evidence)).toEqual([]);
  });

  it.each([
    ['a call that is missing', [], [], seen, '1 calls were made, 0 are recorded'],
    [
      'a call that counts twice',
      ledger(2, 0),
      stored(1, 0),
      [...seen, call('b', 0, 1)],
      '2 calls are recorded, 1 were begun',
    ],
    [
      'an estimate that is not marked',
      ledger(1, 0),
      stored(1, 0),
      [unanswered],
      'the use of 0 calls was told, of 1 it is recorded',
    ],
    [
      'a known use that is called an estimate',
      ledger(1, 1),
      stored(1, 1, USE),
      seen,
      '1 replies tell their use, 0 calls are recorded with it',
    ],
    [
      'tokens that were not used',
      ledger(1, 0, { ...USE, prompt: 11 }),
      stored(1, 0),
      seen,
      '11 prompt tokens are recorded instead of 10 to 10',
    ],
    [
      'tokens that are missing',
      ledger(1, 0, { ...USE, reply: 3 }),
      stored(1, 1, USE),
      seen,
      '3 reply tokens are recorded instead of 5 to 5',
    ],
  ])('is broken by %s', (_what, rows, replies, calls, violation) => {
    expect(brokenUsage(rows, replies, calls)).toContain(`One, ${MODEL}, reply: ${violation}`);
  });
});
