import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait, and how often to try: at a fixed interval, or at one that follows from the time waited so far. */
export interface WaitOptions {
  withinMs?: number;
  everyMs?: number | ((waitedMs: number) => number);
}

/** What is asked often for long costs the processor time that what is waited for needs. */
const EVERY_MS = (waitedMs: number): number => Math.min(25 + waitedMs / 40, 100);

/**
 * Tries until the attempt neither throws (a failed `expect` throws) nor gives something falsy, and returns what it gave.
 *
 * @throws what the last attempt threw, when time is up
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = EVERY_MS }: WaitOptions = {},
): Promise<T> {
  const begun = Date.now();
  for (;;) {
    const outcome = await settle(attempt);
    if (outcome.ok) return outcome.value;
    const waitedMs = Date.now() - begun;
    if (waitedMs > withinMs) throw outcome.error;
    await pause(typeof everyMs === 'number' ? everyMs : everyMs(waitedMs));
  }
}

type Settled<T> = { ok: true; value: T } | { ok: false; error: unknown };

async function settle<T>(attempt: () => T | Promise<T>): Promise<Settled<T>> {
  try {
    const value = await attempt();
    return value ? { ok: true, value } : { ok: false, error: new Error(`It stays ${String(value)}.`) };
  } catch (error) {
    return { ok: false, error };
  }
}
