import { setTimeout as pause } from 'node:timers/promises';

/** Waits for the next UTC day if this one is about to end: a quota must not begin anew in the midst of a test. */
export async function dayWithTimeLeft(neededMs: number): Promise<void> {
  const leftMs = new Date().setUTCHours(24, 0, 0, 0) - Date.now();
  if (leftMs < neededMs) await pause(leftMs + 1_000);
}
