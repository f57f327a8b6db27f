import { RedisClient, withTimeout } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** The first page of a user's list, as it was rendered. */
export interface CachedPage {
  /** Which list it is the beginning of, how long a page, and how it is rendered. */
  shape: string;
  /** The version of the rows that it was rendered from. */
  version: string;
  /** The JSON that clients get. */
  body: string;
}

/** How long a read waits for Redis before it goes on without the cache. */
const READ_TIMEOUT_MS = 100;

const SECONDS_TO_LIVE = 10 * 60;

/** A page beyond this (in UTF-16 units) isn't stored: Redis is also the queue's, and it evicts nothing. */
const MAX_BODY_LENGTH = 256 * 1024;

const keyOf = (userId: string): string => `chatroom-list:${userId}`;

/**
 * One rendered page for each user, in Redis. It promises nothing about how current a page is: the reader compares its
 * version with PostgreSQL's ({@link ChatroomListService}), so losing, doubling or delaying a write here does no harm.
 */
@Injectable()
export class ChatroomListCache {
  constructor(private readonly redis: RedisClient) {}

  /** The user's page; null when there is none; undefined when Redis didn't answer in time. */
  async find(userId: string): Promise<CachedPage | null | undefined> {
    const read = this.redis.get(keyOf(userId)).catch(() => undefined);
    const entry = await withTimeout(READ_TIMEOUT_MS, read, () => undefined);
    return typeof entry === 'string' ? decode(entry) : entry;
  }

  /** Stores a page, in place of the one before. Without waiting: no answer depends on it. */
  store(userId: string, page: CachedPage): void {
    if (page.body.length > MAX_BODY_LENGTH) return;
    this.redis.set(keyOf(userId), encode(page), 'EX', SECONDS_TO_LIVE).catch(() => undefined);
  }

  /** Removes the user's page. @throws when Redis is out of reach: then the page expires within minutes */
  async remove(userId: string): Promise<void> {
    await this.redis.del(keyOf(userId));
  }
}

const encode = ({ shape, version, body }: CachedPage): string => `${shape}\n${version}\n${body}`;

function decode(entry: string): CachedPage {
  const first = entry.indexOf('\n');
  const second = entry.indexOf('\n', first + 1);
  return { shape: entry.slice(0, first), version: entry.slice(first + 1, second), body: entry.slice(second + 1) };
}
