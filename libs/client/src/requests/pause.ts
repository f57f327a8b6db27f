import { abortedError } from '../errors.js';
import { platform } from '../platform.js';

/**
 * Waits, at most until the signal ends it or, with `online`, the device has a network again.
 *
 * @throws ChatError `aborted`
 */
export function pause(ms: number, signal?: AbortSignal, online = false): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortedError());
    const page = online ? platform : null;
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', settle);
      page?.removeEventListener?.('online', settle);
      if (signal?.aborted) reject(abortedError());
      else resolve();
    };
    const timer = setTimeout(settle, ms);
    signal?.addEventListener('abort', settle);
    page?.addEventListener?.('online', settle);
  });
}

/** Between half and the whole of a time that doubles with each failure, so that many clients don't come back at once. */
export const backoffMs = (failures: number, firstMs: number, mostMs: number): number =>
  Math.min(firstMs * 2 ** failures, mostMs) * (0.5 + Math.random() / 2);
