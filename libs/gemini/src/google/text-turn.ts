/**
 * How much text of models is parsed in one turn of the event loop, by all calls together, in UTF-16 code units: some
 * milliseconds' work. Without a limit an answer that comes at once, or many of them, would stop everything else meanwhile.
 */
export const TEXT_PER_TURN = 16 * 1024;

/** A reader that waits for a turn. */
interface Waiting {
  length: number;
  go: (length: number) => void;
}

/** Shares the text of each turn of the event loop among those who read. What is short, as usual, doesn't wait. */
class TextTurn {
  private left = TEXT_PER_TURN;
  private readonly waiting: Waiting[] = [];

  /** Waits for a turn that has some text left. @returns how much may be read in it, at most as much as is wanted */
  async take(wanted: number): Promise<number> {
    if (this.left === TEXT_PER_TURN) setImmediate(this.next);
    if (this.left > 0) return this.share(wanted);
    return await new Promise((resolve) => this.waiting.push({ length: wanted, go: resolve }));
  }

  private share(wanted: number): number {
    const length = Math.min(wanted, this.left);
    this.left -= length;
    return length;
  }

  private readonly next = (): void => {
    this.left = TEXT_PER_TURN;
    while (this.left > 0) {
      const first = this.waiting.shift();
      if (first === undefined) break;
      first.go(this.share(first.length));
    }
    if (this.left < TEXT_PER_TURN) setImmediate(this.next);
  };
}

/** That of this process. */
export const sharedTurn = new TextTurn();
