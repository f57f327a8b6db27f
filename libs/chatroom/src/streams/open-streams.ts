import type { ReplyStream } from './reply-stream.js';

/** All streams that are open, in as many groups as take turns at something. */
export class OpenStreams {
  private readonly groups: Set<ReplyStream>[];
  private newest = 0;
  private turn = 0;

  constructor(groups: number) {
    this.groups = Array.from({ length: groups }, () => new Set<ReplyStream>());
  }

  add(stream: ReplyStream): void {
    this.newest = (this.newest + 1) % this.groups.length;
    this.groups[this.newest]?.add(stream);
  }

  /** @returns false when it is none of them (any more) */
  delete(stream: ReplyStream): boolean {
    return this.groups.some((group) => group.delete(stream));
  }

  all(): ReplyStream[] {
    return this.groups.flatMap((group) => [...group]);
  }

  /** The group whose turn it is. */
  next(): Iterable<ReplyStream> {
    this.turn = (this.turn + 1) % this.groups.length;
    return this.groups[this.turn] ?? [];
  }
}
