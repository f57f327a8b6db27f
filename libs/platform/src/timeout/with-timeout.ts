/**
 * Waits for work, and no longer than a time. The work itself goes on: it has to be one that may be left alone.
 *
 * @param onTimeout gives the result in place of the work's, or throws
 * @throws what the work throws within the time
 */
export async function withTimeout<T, Late>(ms: number, work: Promise<T>, onTimeout: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))).then(onTimeout);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
