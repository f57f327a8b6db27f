import { setTimeout as sleep } from 'node:timers/promises';
import { padDuration } from './timing-padding.js';

/** Timers may fire up to a millisecond early. */
const SLACK = 2;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work().catch(() => undefined);
  return performance.now() - begun;
}

describe('a padded duration', () => {
  it('ends with the step that it ends in, when it was quicker', async () => {
    expect(await timed(() => padDuration(40, () => Promise.resolve()))).toBeGreaterThan(40 - SLACK);
  });

  it('ends with the next step when it took longer than one', async () => {
    expect(await timed(() => padDuration(40, () => sleep(45)))).toBeGreaterThan(80 - SLACK);
  });

  it('fails as late as it would have succeeded, with its own error', async () => {
    const failing = padDuration(40, () => Promise.reject(new Error('mine')));
    expect(await timed(() => failing)).toBeGreaterThan(40 - SLACK);
    await expect(failing).rejects.toThrow('mine');
  });
});
