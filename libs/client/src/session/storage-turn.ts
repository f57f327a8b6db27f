import { newIdempotencyKey } from '../idempotency-key.js';
import { pause } from '../requests/pause.js';
import type { SessionStorage } from '../types.js';

/** After so long a mark is one's own, since tabs that wrote theirs at the same moment see whose was the last. */
const SETTLE_MS = 30;

/** After so long, the tab that left its mark has been closed or is frozen. */
const STALE_MS = 10_000;

/** Runs after all tabs that have left their mark in the storage before. A storage that fails keeps no one waiting. */
export async function inTurn<T>(
  storage: SessionStorage,
  key: string,
  run: () => Promise<T>,
  staleMs = STALE_MS,
): Promise<T> {
  const mark = newIdempotencyKey();
  await untilMarked(storage, key, mark, staleMs).catch(() => undefined);
  try {
    return await run();
  } finally {
    await unmark(storage, key, mark).catch(() => undefined);
  }
}

async function untilMarked(storage: SessionStorage, key: string, mark: string, staleMs: number): Promise<void> {
  let other: string | null = null;
  for (let waitedMs = 0; ; waitedMs += SETTLE_MS) {
    const now = await storage.getItem(key);
    if (now === mark) return;
    if (now !== other) waitedMs = 0;
    other = now;
    if (now === null || waitedMs >= staleMs) await storage.setItem(key, mark);
    await pause(SETTLE_MS);
  }
}

async function unmark(storage: SessionStorage, key: string, mark: string): Promise<void> {
  if ((await storage.getItem(key)) === mark) await storage.removeItem(key);
}
