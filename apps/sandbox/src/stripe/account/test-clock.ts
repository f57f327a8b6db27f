import { Injectable } from '@nestjs/common';

/** The sandbox's own time in whole Unix seconds: the real time plus what the control API has added. */
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

  /** Runs `work` with the clock fixed at that instant. */
  at<T>(instant: number, work: () => T): T {
    const outer = this.fixed;
    this.fixed = instant;
    try {
      return work();
    } finally {
      this.fixed = outer;
    }
  }

  /** Moves forward to that instant; does nothing if it is past. */
  moveTo(instant: number): void {
    this.moved += Math.max(0, instant - this.now());
  }

  reset(): void {
    this.moved = 0;
  }
}
