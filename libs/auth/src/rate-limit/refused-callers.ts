/** Beyond so many callers the oldest are forgotten: Redis then refuses them once more. */
const MAX_CALLERS = 10_000;

/** What a caller over a limit is told until its window ends. */
interface Refusal {
  /** How many requests the window allows. */
  quota: number;
  /** The end of the window, in milliseconds since 1970. */
  until: number;
}

/** Callers over a limit. Until their window ends they are refused from memory, so that a flood doesn't become one of Redis. */
export class RefusedCallers {
  private readonly refusals = new Map<string, Refusal>();

  /** The refusal that still holds; null when there is none. */
  find(key: string, now: number): Refusal | null {
    const refusal = this.refusals.get(key);
    if (refusal === undefined) return null;
    if (refusal.until > now) return refusal;
    this.refusals.delete(key);
    return null;
  }

  /** Remembers a refusal. */
  add(key: string, refusal: Refusal): void {
    this.refusals.delete(key);
    this.refusals.set(key, refusal);
    if (this.refusals.size <= MAX_CALLERS) return;
    const [oldest] = this.refusals.keys();
    if (oldest !== undefined) this.refusals.delete(oldest);
  }
}
