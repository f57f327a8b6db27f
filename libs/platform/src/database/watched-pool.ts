import { Pool, type PoolClient } from 'pg';

type Connected = (err: Error | undefined, client: PoolClient | undefined, done: (release?: unknown) => void) => void;

/** A pool that tells how long its users wait for a connection. Each query of the pool goes through `connect`. */
export class WatchedPool extends Pool {
  /** Told of the seconds that someone has waited for a connection, whether there was one or not. Null: no one. */
  onWaitEnd: ((seconds: number) => void) | null = null;

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | void {
    const begun = performance.now();
    const ended = (): void => this.onWaitEnd?.((performance.now() - begun) / 1_000);
    if (callback === undefined) return super.connect().finally(ended);
    super.connect((...outcome) => {
      ended();
      callback(...outcome);
    });
  }
}
