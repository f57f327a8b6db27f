import { RedisClient, RedisConfig, redisOptions } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { SessionStore } from './session.store.js';

const CHANNEL = 'session:revoked';

/** How many ended sessions a process remembers; with more, it asks PostgreSQL about every session that it doesn't know. */
const REMEMBERED_SESSIONS = 50_000;

/** How often PostgreSQL is asked for what a lost message may have said. */
const SYNC_INTERVAL_MS = 2_000;

/** How far back each of these looks; the first after a broken connection looks back over a token's whole life. */
const SYNC_OVERLAP_SECONDS = 60;

type Listener = () => void;

/**
 * Knows which sessions were ended while access tokens of theirs may still be around, without a query per request:
 * PostgreSQL holds the truth, every replica remembers it, and Redis tells the replicas at once. While Redis doesn't
 * reach this process it may have missed something, so PostgreSQL is asked about every request.
 */
@Injectable()
export class SessionRevocationService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionRevocationService.name);
  private readonly subscriber: Redis;
  private readonly rememberMs: number;
  /** Session id → until when it has to be remembered, oldest first. */
  private readonly revoked = new Map<string, number>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private timer: NodeJS.Timeout | undefined;
  /** Stands for one unbroken subscription: what was true under it need not be true under the next. */
  private subscription: symbol | undefined;
  private complete = false;

  constructor(
    private readonly store: SessionStore,
    private readonly redis: RedisClient,
    redisConfig: RedisConfig,
    config: AccessTokenConfig,
  ) {
    this.rememberMs = (config.ACCESS_TOKEN_SECONDS + SYNC_OVERLAP_SECONDS) * 1000;
    this.subscriber = new Redis({
      ...redisOptions(redisConfig),
      lazyConnect: true,
      autoResubscribe: false,
      commandTimeout: 1_000,
    });
    this.subscriber.on('error', () => undefined); // RedisClient reports the same outage.
    this.subscriber.on('message', (_channel: string, sessionId: string) => this.remember(sessionId));
    this.subscriber.on('ready', () => void this.subscribe());
    this.subscriber.on('close', () => {
      this.subscription = undefined;
      this.complete = false;
    });
  }

  onApplicationBootstrap(): void {
    this.subscriber.connect().catch(() => undefined); // It keeps trying.
    this.timer = setInterval(() => void this.sync(), SYNC_INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.subscriber.disconnect();
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

  /** Tells all replicas about sessions whose end is already in PostgreSQL. */
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
    const listener: Listener = () => callback(); // One of its own, should a callback be given twice.
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

  /** Drops what no token can need any more. What has to go for want of room makes the memory incomplete. */
  private forget(): void {
    const now = Date.now();
    for (const [sessionId, until] of this.revoked) {
      const full = this.revoked.size > REMEMBERED_SESSIONS;
      if (until > now && !full) return;
      this.revoked.delete(sessionId);
      if (until > now) this.complete = false;
    }
  }

  private async subscribe(): Promise<void> {
    try {
      await this.subscriber.subscribe(CHANNEL);
      this.subscription = Symbol('subscription');
      await this.sync();
    } catch {
      // A connection that can't subscribe is worth another one, unless it was us who ended it.
      if (this.subscriber.status !== 'end') this.subscriber.disconnect(true);
    }
  }

  /** Reads what messages may have failed to say: after a subscription, so that nothing falls between the two. */
  private async sync(): Promise<void> {
    const subscription = await this.livingSubscription();
    if (subscription === undefined) this.complete = false;
    const seconds = this.complete ? SYNC_OVERLAP_SECONDS : this.rememberMs / 1000;
    try {
      const recent = await this.store.recentlyRevoked(seconds, REMEMBERED_SESSIONS);
      if (subscription !== undefined && subscription === this.subscription) {
        this.complete = recent.length < REMEMBERED_SESSIONS;
      }
      // Afterwards, since it may find that there is no room for all.
      for (const sessionId of recent) this.remember(sessionId);
    } catch (error) {
      this.logger.warn(`Ended sessions could not be read: ${(error as Error).message}`);
    }
  }

  /** A connection can be dead without being closed, so it is asked. */
  private async livingSubscription(): Promise<symbol | undefined> {
    const { subscription } = this;
    if (subscription === undefined) return undefined;
    return this.subscriber.ping().then(
      () => subscription,
      () => undefined,
    );
  }
}
