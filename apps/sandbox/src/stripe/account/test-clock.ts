import { Injectable } from '@nestjs/common';

/** The sandbox's own time in whole Unix seconds: the real one, moved forward as often as a test asks for it. */
@Injectable()
export class TestClock {
  private moved = 0;
  private fixed: number | undefined;

  /** How many seconds the sandbox is ahead of the real time. */
  get offset(): number {
    return this.moved;
  }

  now(): number {
    return this.fixed ?? Math.floor(Date.now() / 1000) + this.moved;
  }

  /** Does something that fell due at that instant, and calls it that instant while it is being done. */
  at<T>(instant: number, work: () => T): T {
    const outer = this.fixed;
    this.fixed = instant;
    try {
      return work();
    } finally {
      this.fixed = outer;
    }
  }

  /** Moves on to that instant; never back. */
  moveTo(instant: number): void {
    this.moved += Math.max(0, instant - this.now());
  }

  reset(): void {
    this.moved = 0;
  }
}
