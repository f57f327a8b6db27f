import { replyChannel, replyLogKey, type ReplySignal } from '@app/contracts';
import { StreamsRedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** How long an attempt's text stays readable after it was last written to; up to {@link EXPIRY_SLACK_SECONDS} less. */
export const LOG_SECONDS = 15 * 60;

/** The time that a log lives on is renewed once it is shorter by this, so that hardly any write costs a second command. */
const EXPIRY_SLACK_SECONDS = 60;

/** No log grows beyond this; readers of a longer reply get the rest from PostgreSQL when it is finished. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** From the beginning of one write of a log to the next one: pieces that come meanwhile go out together. */
const WRITE_INTERVAL_MS = 25;

/**
 * Publishes a `delta` of {@link ReplySignal}. The script adds the text to it, so that text crosses the network once.
 * ARGV: offset, text, attempt, channel.
 */
const PUBLISH_DELTA = `
  redis.call('PUBLISH', ARGV[4], '{"type":"delta","attempt":' .. ARGV[3] .. ',"offset":' .. ARGV[1]
    .. ',"text":' .. cjson.encode(ARGV[2]) .. '}')`;

/**
 * Appends at a known offset and wakes the readers, or says 0 when the log isn't as long as the writer thinks
 * (Redis lost it, or an earlier write failed half-way).
 * KEYS: log. ARGV: offset, text, attempt, channel.
 */
const APPEND = `
  if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
  redis.call('APPEND', KEYS[1], ARGV[2])
  if redis.call('TTL', KEYS[1]) < ${LOG_SECONDS - EXPIRY_SLACK_SECONDS} then redis.call('EXPIRE', KEYS[1], ${LOG_SECONDS}) end
  ${PUBLISH_DELTA}
  return 1`;

/** Stores the whole text anew, and wakes the readers. KEYS: log. ARGV: offset, text, attempt, channel, whole text. */
const REPLACE = `
  redis.call('SET', KEYS[1], ARGV[5], 'EX', ${LOG_SECONDS})
  ${PUBLISH_DELTA}`;

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
  constructor(private readonly redis: StreamsRedisClient) {}

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

/**
 * Writes one attempt's log. The first piece goes out at once; what comes within {@link WRITE_INTERVAL_MS} of a write, or while
 * it is under way, goes out with the next one.
 */
export class ReplyLogWriter {
  /** The text that was written, or tried. It is only ever added to, which copies nothing, until all of it is needed. */
  private written = '';
  /** Its length in UTF-8 bytes. */
  private offset = 0;
  private pending = '';
  private flushing: Promise<void> | null = null;
  private isUrgent = false;
  private endPause = (): void => undefined;

  constructor(
    private readonly redis: StreamsRedisClient,
    private readonly replyId: string,
    private readonly attempt: number,
  ) {}

  /** Adds text, without waiting for Redis. */
  append(text: string): void {
    this.pending += text;
    this.flushing ??= this.flush();
  }

  /** Writes what is pending without a further pause, and waits until everything was written, or tried. */
  async flushed(): Promise<void> {
    this.isUrgent = true;
    this.endPause();
    await this.flushing;
    this.isUrgent = false;
  }

  private async flush(): Promise<void> {
    while (this.pending !== '') {
      const nextAt = performance.now() + WRITE_INTERVAL_MS;
      const text = this.pending;
      this.pending = '';
      await this.write(text).catch(() => undefined);
      await this.pauseUntil(nextAt);
    }
    this.flushing = null;
  }

  private async pauseUntil(time: number): Promise<void> {
    const ms = time - performance.now();
    if (this.isUrgent || ms <= 0) return;
    await new Promise<void>((resolve) => {
      // A timer leaves out fractions of a millisecond, and would end too early.
      const timer = setTimeout(resolve, Math.ceil(ms));
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async write(text: string): Promise<void> {
    const offset = this.offset;
    this.offset += Buffer.byteLength(text);
    this.written = this.offset > MAX_LOG_BYTES ? '' : this.written + text;
    if (this.written === '') return;
    const key = replyLogKey(this.replyId, this.attempt);
    const delta = [offset, text, this.attempt, replyChannel(this.replyId)];
    if ((await this.redis.eval(APPEND, 1, key, ...delta)) === 1) return;
    await this.redis.eval(REPLACE, 1, key, ...delta, this.written);
  }
}
