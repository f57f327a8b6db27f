import { Registry } from 'prom-client';

/**
 * Metrics of something that all processes share, such as rows of PostgreSQL. One process at a time reads it, and exports what it has read
 * for as long as that is true: a series comes from one place, and there is none where it would be stale.
 */
export class SharedState extends Registry {
  private exportedUntil = 0;
  private reading: Promise<void> | null = null;

  /**
   * @param name for the log: `what waits to be answered`
   * @param read sets the metrics. Should take far less than a second, however much there is
   */
  constructor(
    readonly name: string,
    private readonly read: () => Promise<void>,
  ) {
    super();
  }

  /** Whether what was read may still be exported. */
  get isExported(): boolean {
    return performance.now() < this.exportedUntil;
  }

  /** Reads it, unless an earlier reading still waits for its answer: what hangs is asked once. @throws what reading throws */
  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return this.reading;
  }

  /** @param until by `performance.now()` */
  exportUntil(until: number): void {
    this.exportedUntil = until;
  }

  /** Exports nothing until it is read again. */
  withdraw(): void {
    this.exportedUntil = 0;
  }
}
