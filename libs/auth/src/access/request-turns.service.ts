import { Injectable } from '@nestjs/common';
import { RateLimitedError } from '../rate-limit/rate-limit.errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends the request's turn among its user's before the answer begins: to be called before waiting for what has a bound of its own. */
    endTurn?: () => void;
  }
}

/** A person's apps ask for a few things at once; more of them would wait for the same connections to PostgreSQL anyway. */
const AT_ONCE = 3;
/** Further ones are refused: each holds its body in memory. */
const MAX_WAITING = 500;

interface Caller {
  running: number;
  waiting: (() => void)[];
}

/**
 * Lets so many requests of one user be worked on at once in this process; further ones wait for those. So a user at full speed
 * stands before others by a few requests, and not by as many as they have connections.
 */
@Injectable()
export class RequestTurnsService {
  private readonly callers = new Map<string, Caller>();

  /**
   * Waits for the request's turn.
   *
   * @returns ends it; more than one call counts once
   * @throws RateLimitedError when too many wait already
   */
  async begin(userId: string): Promise<() => void> {
    const caller = this.callers.get(userId) ?? { running: 0, waiting: [] };
    this.callers.set(userId, caller);
    if (caller.running < AT_ONCE) caller.running++;
    else await this.wait(caller);
    let ended = false;
    return () => {
      if (!ended) this.end(userId, caller);
      ended = true;
    };
  }

  private wait({ waiting }: Caller): Promise<void> {
    if (waiting.length >= MAX_WAITING) {
      const quota = AT_ONCE + MAX_WAITING;
      throw new RateLimitedError({ policy: 'at-once', quota, window: 1, remaining: 0, reset: 1 });
    }
    return new Promise((resolve) => void waiting.push(resolve));
  }

  private end(userId: string, caller: Caller): void {
    const next = caller.waiting.shift();
    if (next !== undefined) return next();
    caller.running--;
    if (caller.running === 0) this.callers.delete(userId);
  }
}
