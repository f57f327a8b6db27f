import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { LimitsRedisClient } from '../redis/redis-parts.js';

// A sorted set of slots by the end of their leases, on Redis' clock.
const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

// KEYS: slots of an owner. ARGV: slot, limit, lease in ms. Gives 1 when the slot was free.
const ACQUIRE = `
${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

// KEYS: slots of an owner. ARGV: slot, lease in ms. A slot that Redis has lost is there again.
const EXTEND = `
${NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const RELEASE = `redis.call('ZREM', KEYS[1], ARGV[1])`;

/** The time after a failure of Redis in which it isn't asked again, so that a Redis that hangs holds up one request only. */
const PAUSE_MS = 1_000;

/** A refusal takes this long, so that who asks again at once is not refused some hundred times a second. */
const REFUSAL_MS = 250;

/** How many of a kind one owner may have at once. */
export interface SlotLimit {
  /** What for, e.g. `search`. */
  kind: string;
  /** At once, over all replicas. */
  limit: number;
  /** How long a slot is taken unless it is extended: the time after which a process that died holds it no more. */
  leaseMs: number;
}

/** A slot that is taken. */
export interface Slot {
  /** Begins the lease anew. Never fails. */
  extend(): Promise<void>;
  /** Frees the slot. Never fails; repeatable. */
  release(): Promise<void>;
}

/**
 * Bounds how much one owner does at once, over all replicas by a lease in Redis. While Redis is away, each replica bounds by itself.
 */
@Injectable()
export class SlotService {
  private readonly logger = new Logger(SlotService.name);
  private readonly taken = new Map<string, number>();
  private pausedUntil = 0;

  constructor(private readonly redis: LimitsRedisClient) {}

  /** Takes a slot for an owner, e.g. a user's id. @returns null, after a while, when all are taken */
  async acquire(limit: SlotLimit, owner: string): Promise<Slot | null> {
    const slot = await this.take(limit, owner);
    if (slot === null) await sleep(REFUSAL_MS);
    return slot;
  }

  private async take({ kind, limit, leaseMs }: SlotLimit, owner: string): Promise<Slot | null> {
    const key = keyOf(kind, owner);
    if ((this.taken.get(key) ?? 0) >= limit) return null;
    this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    const id = randomUUID();
    if ((await this.ask(ACQUIRE, key, id, limit, leaseMs)) === 0) {
      this.free(key);
      return null;
    }
    let held = true;
    return {
      extend: async () => {
        if (held) await this.ask(EXTEND, key, id, leaseMs);
      },
      release: async () => {
        if (!held) return;
        held = false;
        this.free(key);
        await this.ask(RELEASE, key, id);
      },
    };
  }

  private free(key: string): void {
    const left = (this.taken.get(key) ?? 1) - 1;
    if (left === 0) this.taken.delete(key);
    else this.taken.set(key, left);
  }

  /** Runs a script. @returns null when Redis doesn't answer */
  private async ask(script: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      return await this.redis.eval(script, 1, key, ...values);
    } catch (error) {
      this.pausedUntil = performance.now() + PAUSE_MS;
      this.logger.warn(`Each replica bounds by itself what a user does at once: ${(error as Error).message}`);
      return null;
    }
  }
}

/** Redis needs to tell owners apart, not to know them. */
const keyOf = (kind: string, owner: string): string =>
  `slots:${kind}:${createHash('sha256').update(owner).digest('base64url')}`;
