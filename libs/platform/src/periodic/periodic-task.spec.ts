import { setTimeout as sleep } from 'node:timers/promises';
import { PeriodicTask } from './periodic-task.js';

/** Rounds that the test lets end one by one. */
class Rounds {
  begun = 0;
  running = 0;
  most = 0;
  private finish: (() => void)[] = [];

  readonly run = async (): Promise<void> => {
    this.begun++;
    this.most = Math.max(this.most, ++this.running);
    await new Promise<void>((resolve) => this.finish.push(resolve));
    this.running--;
  };

  /** Waits for the round of this number and ends it. */
  async end(round: number): Promise<void> {
    while (this.begun < round) await sleep(1);
    this.finish.shift()?.();
  }
}

describe('PeriodicTask', () => {
  it('never runs two rounds at a time', async () => {
    const rounds = new Rounds();
    const task = new PeriodicTask({ name: 'The test', intervalMs: 1, run: rounds.run });
    task.startNow();
    await sleep(20);
    expect(rounds.begun).toBe(1);
    for (let round = 1; round <= 3; round++) await rounds.end(round);
    expect(rounds.most).toBe(1);
    task.stop();
  });

  it('goes on after a round that failed', async () => {
    let rounds = 0;
    const task = new PeriodicTask({
      name: 'The test',
      intervalMs: 1,
      run: () => Promise.reject(new Error(`Round ${++rounds}`)),
    });
    task.start();
    while (rounds < 3) await sleep(1);
    task.stop();
    expect(rounds).toBe(3);
  });

  it('begins no round after it was stopped, not even behind one that was under way', async () => {
    const rounds = new Rounds();
    const task = new PeriodicTask({ name: 'The test', intervalMs: 1, run: rounds.run });
    task.startNow();
    task.stop();
    await rounds.end(1);
    await sleep(20);
    expect(rounds.begun).toBe(1);
  });

  it('asks for the pause after each round', async () => {
    const pauses = [1, 2, 60_000];
    let rounds = 0;
    const task = new PeriodicTask({
      name: 'The test',
      intervalMs: () => pauses.shift() ?? 60_000,
      run: () => Promise.resolve(rounds++),
    });
    task.startNow();
    while (rounds < 3) await sleep(1);
    expect(pauses).toEqual([]);
    task.stop();
  });

  it.each(['start', 'startNow'] as const)(
    'has one round at a time after a stop and a %s during a round',
    async (start) => {
      const rounds = new Rounds();
      const task = new PeriodicTask({ name: 'The test', intervalMs: 1, run: rounds.run });
      task.startNow();
      task.stop();
      task[start]();
      await sleep(20);
      expect(rounds.begun).toBe(1);
      for (let round = 1; round <= 3; round++) await rounds.end(round);
      while (rounds.begun < 4) await sleep(1);
      await sleep(20);
      expect({ begun: rounds.begun, most: rounds.most }).toEqual({ begun: 4, most: 1 });
      task.stop();
      await rounds.end(4);
    },
  );

  it('goes on after a second when it cannot be told the pause', async () => {
    const begun: number[] = [];
    const task = new PeriodicTask({
      name: 'The test',
      intervalMs: () => {
        throw new Error('There is no interval');
      },
      run: () => Promise.resolve(begun.push(performance.now())),
    });
    task.startNow();
    while (begun.length < 2) await sleep(10);
    task.stop();
    const [first = 0, second = 0] = begun;
    expect(second - first).toBeGreaterThan(900);
  });
});
