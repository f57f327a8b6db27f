import { Injectable } from '@nestjs/common';

/**
 * Tells all parts of a process at the same time that it shuts down. Nest ends one module after the other, and waits for each: by then
 * the last one would have taken work for as long as the others needed.
 */
@Injectable()
export class ShutdownService {
  private readonly controller = new AbortController();

  /** Aborts when the shutdown begins. What takes work takes none from then on; work under way goes on. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get hasBegun(): boolean {
    return this.signal.aborted;
  }

  /** Repeatable. */
  begin(): void {
    this.controller.abort();
  }
}
