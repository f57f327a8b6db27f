/** Keys of one command, of which a cluster has each in another place. */
export class CrossSlotError extends Error {
  constructor(keys: string[]) {
    super(`Keys of one command need one hash tag: ${keys.join(' ')}`);
    this.name = 'CrossSlotError';
  }
}

/**
 * The part of a key that decides on which node of a cluster it is: what stands between its first braces, else all of it.
 */
export const hashTagOf = (key: string): string => /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;

/**
 * Checked for a single server too, so that a command that a cluster would refuse fails everywhere.
 * @throws CrossSlotError
 */
export function assertOneHashTag(keys: string[]): void {
  if (new Set(keys.map(hashTagOf)).size > 1) throw new CrossSlotError(keys);
}
