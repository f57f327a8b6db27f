import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait, and how often to try. */
export interface WaitOptions {
  withinMs?: number;
  everyMs?: number;
}

/**
 * Tries until the attempt neither throws (a failed `expect` throws) nor gives something falsy, and returns what it gave.
 *
 * @throws what the last attempt threw, when time is up
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 25 }: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const outcome = await settle(attempt);
    if (outcome.ok) return outcome.value;
    if (Date.now() > deadline) throw outcome.error;
    await pause(everyMs);
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
