import { type ChannelSubscription, PeriodicTask, RedisClient, RedisSubscriber, withTimeout } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { SessionStore } from './session.store.js';

const CHANNEL = 'session:revoked';

/** How many ended sessions a process remembers; with more, it asks PostgreSQL about every session that it doesn't know. */
const REMEMBERED_SESSIONS = 50_000;

/** The pause between two syncs, which read from PostgreSQL what a lost message may have said. */
const SYNC_INTERVAL_MS = 2_000;

/** How far back a sync reads; the first after a broken connection reads a token's whole life. */
const SYNC_OVERLAP_SECONDS = 60;

/** How many sessions of all users one statement ends. */
const ENDED_AT_ONCE = 5_000;

type Listener = () => void;

/**
 * Knows which sessions were ended while access tokens of theirs may still be in use, without a query per request:
 * PostgreSQL holds the truth, every replica remembers it, and Redis notifies the replicas at once. While Redis doesn't
 * reach this process it may have missed something, so PostgreSQL is asked about every request.
 */
@Injectable()
export class SessionRevocationService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionRevocationService.name);
  private readonly syncs = new PeriodicTask({
    name: 'Reading ended sessions',
    intervalMs: SYNC_INTERVAL_MS,
    // A query that hangs must not keep a silent Redis from being noticed.
    run: () => withTimeout(SYNC_INTERVAL_MS, this.sync(), () => undefined),
  });
  private readonly rememberMs: number;
  /** Session id → until when it has to be remembered, oldest first. */
  private readonly revoked = new Map<string, number>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private subscription: ChannelSubscription | undefined;
  /** How often the subscription was interrupted: what was true before an interruption need not be true after it. */
  private interruptions = 0;
  /** Whether every ended session that a token can still name is remembered here. */
  private complete = false;

  constructor(
    private readonly store: SessionStore,
    private readonly redis: RedisClient,
    private readonly subscriber: RedisSubscriber,
    config: AccessTokenConfig,
  ) {
    this.rememberMs = (config.ACCESS_TOKEN_SECONDS + SYNC_OVERLAP_SECONDS) * 1000;
  }

  onApplicationBootstrap(): void {
    this.subscription = this.subscriber.subscribe(CHANNEL, {
      onMessage: (sessionId) => this.remember(sessionId),
      onSubscribed: () => void this.sync(),
      onInterrupted: () => {
        this.interruptions++;
        this.complete = false;
      },
    });
    this.syncs.start();
  }

  onApplicationShutdown(): void {
    this.syncs.stop();
    this.subscription?.close();
  }

  /** Whether access tokens of this session are to be refused. */
  isRevoked(sessionId: string): boolean | Promise<boolean> {
    if (this.revoked.has(sessionId)) return true;
    if (this.complete) return false;
    return this.store.exists(sessionId).then((exists) => !exists);
  }

  /** Ends the session for good, here and on every replica; false when the user has no such session. */
  async revoke(sessionId: string, userId: string): Promise<boolean> {
    const ended = await this.store.end(sessionId, userId);
    if (ended) await this.announce([sessionId]);
    return ended;
  }

  /** Ends all sessions of the user but one for good, here and on every replica. */
  async revokeOthers(userId: string, keptId: string): Promise<void> {
    await this.announce(await this.store.endOthers(userId, keptId));
  }

  /** Ends all sessions of the user for good, here and on every replica. @returns how many there were */
  async revokeAll(userId: string): Promise<number> {
    const ended = await this.store.endOthers(userId, null);
    await this.announce(ended);
    return ended.length;
  }

  /**
   * Ends all sessions of everyone for good: after a restore, sessions that had been ended are there again, and nothing tells which. Replicas
   * learn of it from PostgreSQL, those that run from then on at once.
   *
   * @returns how many there were
   */
  async revokeEverySession(): Promise<number> {
    let total = 0;
    for (;;) {
      const ended = await this.store.endSome(ENDED_AT_ONCE);
      total += ended;
      if (ended < ENDED_AT_ONCE) return total;
    }
  }

  /** Notifies all replicas of sessions whose end is already in PostgreSQL. */
  async announce(sessionIds: string[]): Promise<void> {
    for (const sessionId of sessionIds) this.remember(sessionId);
    const published = sessionIds.map((sessionId) => this.redis.publish(CHANNEL, sessionId));
    const failed = (await Promise.allSettled(published)).filter(({ status }) => status === 'rejected');
    if (failed.length > 0) this.logger.warn('Other replicas learn of an ended session from PostgreSQL: Redis is away');
  }

  /**
   * Calls back once when the session ends, or soon when it has ended already.
   * @returns stops listening
   */
  onRevoked(sessionId: string, callback: Listener): () => void {
    const listener: Listener = () => callback(); // A function of its own, in case a callback is passed twice.
    if (this.revoked.has(sessionId)) {
      queueMicrotask(listener);
      return () => undefined;
    }
    const listeners = this.listeners.get(sessionId) ?? new Set();
    this.listeners.set(sessionId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(sessionId) === listeners) this.listeners.delete(sessionId);
    };
  }

  private remember(sessionId: string): void {
    if (!this.revoked.has(sessionId)) this.revoked.set(sessionId, Date.now() + this.rememberMs);
    const listeners = this.listeners.get(sessionId) ?? [];
    this.listeners.delete(sessionId);
    for (const listener of listeners) listener();
    this.forget();
  }

  /** Drops what no token can name any more. Dropping anything else, because the memory is full, makes it incomplete. */
  private forget(): void {
    const now = Date.now();
    for (const [sessionId, until] of this.revoked) {
      const full = this.revoked.size > REMEMBERED_SESSIONS;
      if (until > now && !full) return;
      this.revoked.delete(sessionId);
      if (until > now) this.complete = false;
    }
  }

  /** Reads what messages may have failed to say: after the subscription, so that nothing is missed between the two. */
  private async sync(): Promise<void> {
    const { interruptions } = this;
    const live = await this.isSubscriptionLive();
    if (!live) this.complete = false;
    const seconds = this.complete ? SYNC_OVERLAP_SECONDS : this.rememberMs / 1000;
    try {
      const recent = await this.store.recentlyRevoked(seconds, REMEMBERED_SESSIONS);
      if (live && interruptions === this.interruptions) this.complete = recent.length < REMEMBERED_SESSIONS;
      // Afterwards, since the memory may turn out to be too small for all, and thereby incomplete.
      for (const sessionId of recent) this.remember(sessionId);
    } catch (error) {
      this.logger.warn(`Ended sessions could not be read: ${(error as Error).message}`);
    }
  }

  /** A connection can be dead without being closed, so Redis is asked for an answer on it. */
  private isSubscriptionLive(): Promise<boolean> {
    const { subscription } = this;
    if (subscription === undefined) return Promise.resolve(false);
    return subscription.isLive();
  }
}
