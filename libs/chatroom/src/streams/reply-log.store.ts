import { replyChannel, replyLogKey, type ReplySignal, thoughtLogKey, type WrittenKind } from '@app/contracts';
import { StreamsRedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { ReplyPosition } from './reply-position.js';

/** How long an attempt's text stays readable after it was last written to; up to {@link EXPIRY_SLACK_SECONDS} less. */
export const LOG_SECONDS = 15 * 60;

/** The time that a log lives on is renewed once it is shorter by this, so that hardly any write costs a second command. */
const EXPIRY_SLACK_SECONDS = 60;

/** An attempt's logs together don't grow beyond this; readers of a longer reply get the rest from PostgreSQL when it is finished. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** From the beginning of one write of a log to the next one: pieces that come meanwhile go out together. */
const WRITE_INTERVAL_MS = 25;

/**
 * Publishes a `delta` or `thought` of {@link ReplySignal}. The script adds the text to it, so that text crosses the network once.
 * ARGV: offset, text, attempt, channel, kind.
 */
const PUBLISH_WRITTEN = `
  redis.call('PUBLISH', ARGV[4], '{"type":"' .. ARGV[5] .. '","attempt":' .. ARGV[3] .. ',"offset":' .. ARGV[1]
    .. ',"text":' .. cjson.encode(ARGV[2]) .. '}')`;

/**
 * Appends at a known offset and wakes the readers, or says 0 when the log isn't as long as the writer thinks
 * (Redis lost it, or an earlier write failed half-way). The log of the other kind, if there is one, lives on as long.
 * KEYS: log, and that of the other kind if there is one. ARGV: offset, text, attempt, channel, kind.
 */
const APPEND = `
  if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
  redis.call('APPEND', KEYS[1], ARGV[2])
  if redis.call('TTL', KEYS[1]) < ${LOG_SECONDS - EXPIRY_SLACK_SECONDS} then
    redis.call('EXPIRE', KEYS[1], ${LOG_SECONDS})
    if KEYS[2] then redis.call('EXPIRE', KEYS[2], ${LOG_SECONDS}) end
  end
  ${PUBLISH_WRITTEN}
  return 1`;

/**
 * Stores both logs anew, and wakes the readers: what has lost one has most likely lost the other, to which nothing may be added
 * any more. KEYS: log, and that of the other kind if there is one. ARGV: offset, text, attempt, channel, kind, whole log, the other's.
 */
const REPLACE = `
  redis.call('SET', KEYS[1], ARGV[6], 'EX', ${LOG_SECONDS})
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[7], 'EX', ${LOG_SECONDS}) end
  ${PUBLISH_WRITTEN}`;

/**
 * Wakes the readers. In a cluster messages keep their order only when one node publishes them: that of the log.
 * KEYS: log. ARGV: channel, signal.
 */
const SIGNAL = `redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/** What the logs of an attempt have beyond a position; of each null when that has nothing more, or is out of reach. */
export interface UnreadLogs {
  delta: Buffer | null;
  thought: Buffer | null;
}

/**
 * The texts of replies while they are written, in Redis: for readers only. Nothing that is stored depends on it, so
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

  /** What an attempt has written from a position on. Both logs are asked for at once, in one round trip. Never fails. */
  async read(replyId: string, { attempt, offset, thoughtOffset }: ReplyPosition): Promise<UnreadLogs> {
    const [delta, thought] = await Promise.all([
      this.readLog(replyLogKey(replyId, attempt), offset),
      this.readLog(thoughtLogKey(replyId, attempt), thoughtOffset),
    ]);
    return { delta, thought };
  }

  private async readLog(key: string, offset: number): Promise<Buffer | null> {
    const text = await this.redis.getrangeBuffer(key, offset, -1).catch(() => null);
    return text === null || text.length === 0 ? null : text;
  }

  /** Removes the logs of all attempts up to this one. @throws when Redis is out of reach */
  async remove(replyId: string, lastAttempt: number): Promise<void> {
    const attempts = Array.from({ length: lastAttempt }, (_, index) => index + 1);
    const keys = attempts.flatMap((attempt) => [replyLogKey(replyId, attempt), thoughtLogKey(replyId, attempt)]);
    if (keys.length > 0) await this.redis.del(...keys);
  }

  private async signal(replyId: string, signal: ReplySignal): Promise<void> {
    const key = replyLogKey(replyId, signal.attempt);
    await this.redis.eval(SIGNAL, 1, key, replyChannel(replyId), JSON.stringify(signal)).catch(() => undefined);
  }
}

/** One of an attempt's two logs. */
interface WrittenLog {
  readonly kind: WrittenKind;
  readonly key: string;
  /** What was written, or tried. It is only ever added to, which copies nothing, until all of it is needed. */
  written: string;
  /** Its length in UTF-8 bytes. */
  offset: number;
}

/**
 * Writes one attempt's logs. The first piece goes out at once; what comes within {@link WRITE_INTERVAL_MS} of a write, or while
 * it is under way, goes out with the next one: of each kind together, first that of which there was something first.
 */
export class ReplyLogWriter {
  private readonly text: WrittenLog;
  private readonly thoughts: WrittenLog;
  /** What is to be written, in the order of its first pieces. */
  private readonly pending = new Map<WrittenLog, string>();
  private isFull = false;
  private flushing: Promise<void> | null = null;
  private isUrgent = false;
  private endPause = (): void => undefined;

  constructor(
    private readonly redis: StreamsRedisClient,
    private readonly replyId: string,
    private readonly attempt: number,
  ) {
    this.text = emptyLog('delta', replyLogKey(replyId, attempt));
    this.thoughts = emptyLog('thought', thoughtLogKey(replyId, attempt));
  }

  /** Adds text, without waiting for Redis. */
  append(text: string): void {
    this.add(this.text, text);
  }

  /** Adds to the thoughts, without waiting for Redis. */
  appendThought(thought: string): void {
    this.add(this.thoughts, thought);
  }

  private add(log: WrittenLog, text: string): void {
    if (text === '') return;
    this.pending.set(log, (this.pending.get(log) ?? '') + text);
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
    while (this.pending.size > 0) {
      const nextAt = performance.now() + WRITE_INTERVAL_MS;
      const due = [...this.pending];
      this.pending.clear();
      for (const [log, text] of due) await this.write(log, text).catch(() => undefined);
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

  private async write(log: WrittenLog, text: string): Promise<void> {
    const { key, kind, offset } = log;
    const other = log === this.text ? this.thoughts : this.text;
    log.offset += Buffer.byteLength(text);
    this.isFull ||= log.offset + other.offset > MAX_LOG_BYTES;
    if (this.isFull) return void (log.written = other.written = '');
    log.written += text;
    const signal = [offset, text, this.attempt, replyChannel(this.replyId), kind];
    const keys = other.written === '' ? [key] : [key, other.key];
    if ((await this.redis.eval(APPEND, keys.length, ...keys, ...signal)) === 1) return;
    await this.redis.eval(REPLACE, keys.length, ...keys, ...signal, log.written, other.written);
  }
}

const emptyLog = (kind: WrittenKind, key: string): WrittenLog => ({ kind, key, written: '', offset: 0 });
