import { replyChannel, replyLogKey, type ReplySignal } from '@app/contracts';
import { RedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** How long an attempt's text stays readable after it was last written to. */
export const LOG_SECONDS = 15 * 60;

/** No log grows beyond this; readers of a longer reply get the rest from PostgreSQL when it is finished. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/**
 * Appends at a known offset and wakes the readers, or says 0 when the log isn't as long as the writer thinks
 * (Redis lost it, or an earlier write failed half-way).
 * KEYS: log. ARGV: offset, text, seconds to live, channel, signal.
 */
const APPEND = `
  if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
  redis.call('APPEND', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('PUBLISH', ARGV[4], ARGV[5])
  return 1`;

/** Stores the whole text anew, and wakes the readers. KEYS: log. ARGV: text, seconds to live, channel, signal. */
const REPLACE = `
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  redis.call('PUBLISH', ARGV[3], ARGV[4])`;

/**
 * Wakes the readers. In a cluster messages keep their order only when one node publishes them: that of the log.
 * KEYS: log. ARGV: channel, signal.
 */
const SIGNAL = `redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/**
 * The text of replies while they are written, in Redis: for readers only. Nothing that is stored depends on it, so
 * failures here are ignored; readers notice gaps by the offsets and fall back to PostgreSQL.
 */
@Injectable()
export class ReplyLogStore {
  constructor(private readonly redis: RedisClient) {}

  /** Begins the log of an attempt; readers of an earlier one, if there was any, are told to forget it. */
  open(replyId: string, attempt: number): ReplyLogWriter {
    if (attempt > 1) void this.signal(replyId, { type: 'reset', attempt });
    return new ReplyLogWriter(this.redis, replyId, attempt);
  }

  /** Tells readers that the reply's final state is stored. */
  async done(replyId: string, attempt: number): Promise<void> {
    await this.signal(replyId, { type: 'done', attempt });
  }

  /**
   * What an attempt has written from a position on.
   *
   * @param offset in UTF-8 bytes
   * @returns null when the log is missing, shorter than that, or out of reach
   */
  async read(replyId: string, attempt: number, offset: number): Promise<Buffer | null> {
    const key = replyLogKey(replyId, attempt);
    try {
      const text = await this.redis.getrangeBuffer(key, offset, -1);
      if (text.length > 0) return text;
      const length = await this.redis.strlen(key);
      return length === 0 || length < offset ? null : text;
    } catch {
      return null;
    }
  }

  /** Removes the logs of all attempts up to this one. @throws when Redis is out of reach */
  async remove(replyId: string, lastAttempt: number): Promise<void> {
    const keys = Array.from({ length: lastAttempt }, (_, index) => replyLogKey(replyId, index + 1));
    if (keys.length > 0) await this.redis.del(...keys);
  }

  private async signal(replyId: string, signal: ReplySignal): Promise<void> {
    const key = replyLogKey(replyId, signal.attempt);
    await this.redis.eval(SIGNAL, 1, key, replyChannel(replyId), JSON.stringify(signal)).catch(() => undefined);
  }
}

/** Writes one attempt's log. One write is under way at a time; what comes meanwhile goes out with the next. */
export class ReplyLogWriter {
  private written = Buffer.alloc(0);
  private pending = '';
  private flushing: Promise<void> | null = null;

  constructor(
    private readonly redis: RedisClient,
    private readonly replyId: string,
    private readonly attempt: number,
  ) {}

  /** Adds text, without waiting for Redis. */
  append(text: string): void {
    this.pending += text;
    this.flushing ??= this.flush().finally(() => (this.flushing = null));
  }

  /** Waits until everything was written, or tried. */
  async flushed(): Promise<void> {
    await this.flushing;
  }

  private async flush(): Promise<void> {
    while (this.pending !== '') {
      const text = this.pending;
      const offset = this.written.length;
      this.pending = '';
      this.written = Buffer.concat([this.written, Buffer.from(text)]);
      if (this.written.length > MAX_LOG_BYTES) continue;
      await this.write(text, offset).catch(() => undefined);
    }
  }

  private async write(text: string, offset: number): Promise<void> {
    const key = replyLogKey(this.replyId, this.attempt);
    const channel = replyChannel(this.replyId);
    const signal = JSON.stringify({ type: 'delta', attempt: this.attempt, offset, text } satisfies ReplySignal);
    if ((await this.redis.eval(APPEND, 1, key, offset, text, LOG_SECONDS, channel, signal)) === 1) return;
    await this.redis.eval(REPLACE, 1, key, this.written, LOG_SECONDS, channel, signal);
  }
}
