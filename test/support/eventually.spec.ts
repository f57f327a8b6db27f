import { eventually } from './eventually.js';

describe('eventually', () => {
  it('gives what the first successful attempt gives', async () => {
    let attempts = 0;
    const third = () => (++attempts < 3 ? null : `attempt ${attempts}`);
    await expect(eventually(third, { everyMs: 1 })).resolves.toBe('attempt 3');
  });

  it('tries again after an exception', async () => {
    let attempts = 0;
    const second = () => {
      if (++attempts < 2) throw new Error('not yet');
      return true;
    };
    await expect(eventually(second, { everyMs: 1 })).resolves.toBe(true);
  });

  it('tries as often as the time waited so far asks for', async () => {
    const waited: number[] = [];
    const everyMs = (waitedMs: number) => {
      waited.push(waitedMs);
      return 10;
    };
    let attempts = 0;
    await eventually(() => ++attempts === 4, { everyMs });
    expect(waited).toHaveLength(3);
    expect(waited[2]).toBeGreaterThanOrEqual(15);
  });

  it('throws the last exception when time is up', async () => {
    const never = () => Promise.reject(new Error('never'));
    await expect(eventually(never, { withinMs: 20, everyMs: 1 })).rejects.toThrow('never');
  });

  it('says what a condition stayed like when time is up', async () => {
    await expect(eventually(() => false, { withinMs: 20, everyMs: 1 })).rejects.toThrow('It stays false.');
  });
});
