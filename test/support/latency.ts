import { setTimeout as pause } from 'node:timers/promises';

/** How long one call after the other takes while something else goes on. */
export interface Latencies {
  /** In milliseconds. */
  p50: number;
  p99: number;
  calls: number;
}

/**
 * Makes a call every few milliseconds, none before the last one has ended, until the work is done.
 *
 * @throws what a call or the work throws
 */
export async function latenciesDuring(call: () => Promise<unknown>, work: Promise<unknown>): Promise<Latencies> {
  const state = { over: false };
  const settled = work.finally(() => {
    state.over = true;
  });
  const took: number[] = [];
  const calling = async () => {
    while (!state.over) {
      const begun = performance.now();
      await call();
      took.push(performance.now() - begun);
      await pause(5);
    }
  };
  await Promise.all([settled, calling()]);
  took.sort((one, other) => one - other);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), calls: took.length };
}
