import { Clock, PeriodicTask, withTimeout } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AccessTokenClaims } from '../token/access-token.service.js';
import { SessionConfig } from './session.config.js';
import { SessionStore } from './session.store.js';

/** By how much the clocks of two replicas may differ: a token that much older than the grace may still be within it elsewhere. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** How many rotations a process remembers as used; one that it forgets costs one more statement. */
const REMEMBERED_ROTATIONS = 50_000;

/** How long a request waits for PostgreSQL; behind that the statement goes on, and is repeated, without the request. */
const WAIT_MS = 2_000;

const RETRY_INTERVAL_MS = 1_000;

/**
 * Ends the time in which a refresh may be repeated as soon as a token that it brought is used: a client that uses the answer hasn't lost
 * it, so whoever repeats the refresh from then on has a copy of its token.
 *
 * Each process writes that once for each rotation, before the first request with its access token goes on; other requests cost nothing. The tokens of a
 * login name no rotation, nor do those of earlier releases, whose grace ends by time alone.
 *
 * With PostgreSQL away, requests go on that do without it, and the end of the grace is written as soon as PostgreSQL is back: until then no process can
 * accept a refresh.
 */
@Injectable()
export class RotationUseService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RotationUseService.name);
  private readonly retries = new PeriodicTask({
    name: 'Writing used rotations',
    intervalMs: RETRY_INTERVAL_MS,
    run: () => this.retry(),
  });
  /** The rotations whose use is stored, oldest first. */
  private readonly used = new Set<string>();
  /** Rotation → the session whose row doesn't say yet that it was used. */
  private readonly unwritten = new Map<string, string>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly config: SessionConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.retries.start();
  }

  onApplicationShutdown(): void {
    this.retries.stop();
  }

  /** Called with the claims of each access token that is used, once they are known to be true. */
  async confirm({ sid, rot, iat }: Pick<AccessTokenClaims, 'sid' | 'rot' | 'iat'>): Promise<void> {
    if (rot === undefined || this.used.has(rot) || this.isBeyondGrace(iat)) return;
    remember(this.unwritten, rot, sid);
    await withTimeout(WAIT_MS, this.write(rot, sid), () => undefined);
  }

  private isBeyondGrace(issuedAt = Infinity): boolean {
    const age = this.clock.now().getTime() / 1000 - issuedAt;
    return age > this.config.REFRESH_GRACE_SECONDS + CLOCK_TOLERANCE_SECONDS;
  }

  /** Writes it once, however many requests wait for it. Does not fail. */
  private write(rotationId: string, sessionId: string): Promise<void> {
    const running = this.running.get(rotationId) ?? this.begin(rotationId, sessionId);
    this.running.set(rotationId, running);
    return running;
  }

  private async begin(rotationId: string, sessionId: string): Promise<void> {
    try {
      await this.store.endGrace(sessionId, rotationId);
      this.unwritten.delete(rotationId);
      this.used.add(rotationId);
      if (this.used.size > REMEMBERED_ROTATIONS) this.used.delete(this.used.values().next().value!);
    } catch (error) {
      this.logger.warn(`The use of a refreshed token is not stored yet: ${(error as Error).message}`);
    } finally {
      this.running.delete(rotationId);
    }
  }

  private async retry(): Promise<void> {
    for (const [rotationId, sessionId] of this.unwritten) await this.write(rotationId, sessionId);
  }
}

function remember(rotations: Map<string, string>, rotationId: string, sessionId: string): void {
  rotations.set(rotationId, sessionId);
  if (rotations.size > REMEMBERED_ROTATIONS) rotations.delete(rotations.keys().next().value!);
}
