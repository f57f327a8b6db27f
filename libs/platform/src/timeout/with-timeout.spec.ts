import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from './with-timeout.js';

const tooLate = () => {
  throw new Error('too late');
};

describe('withTimeout', () => {
  it('gives what the work gives within the time', async () => {
    await expect(withTimeout(5_000, sleep(1, 'done'), tooLate)).resolves.toBe('done');
  });

  it('gives the substitute once the time is over', async () => {
    await expect(withTimeout(1, new Promise(() => undefined), () => 'late')).resolves.toBe('late');
  });

  it('fails with the error of the time limit', async () => {
    await expect(withTimeout(1, new Promise(() => undefined), tooLate)).rejects.toThrow('too late');
  });

  it('fails as the work fails', async () => {
    await expect(withTimeout(5_000, Promise.reject(new Error('broken')), tooLate)).rejects.toThrow('broken');
  });

  it('leaves no timer behind', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await withTimeout(60_000, Promise.resolve(), tooLate);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
  });
});
