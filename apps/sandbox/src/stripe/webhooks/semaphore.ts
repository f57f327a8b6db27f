/** Limits how many pieces of work run at a time; the others wait in the order of their calls. */
export class Semaphore {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param limit how many may run at a time */
  constructor(limit: number) {
    this.free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
