import { RedisClient } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** The first page of a user's list, as it was rendered. */
export interface CachedPage {
  /** Which list it is the beginning of, and how long a page. */
  shape: string;
  /** The version of the rows that it was rendered from. */
  version: string;
  /** The JSON that clients get. */
  body: string;
}

/** How long a read waits for Redis before it does without. */
const PATIENCE_MS = 100;

const SECONDS_TO_LIVE = 10 * 60;

/** A page beyond this (in UTF-16 units) isn't kept: Redis is also the queue's, and it evicts nothing. */
const MAX_BODY_LENGTH = 256 * 1024;

/** Raised when the same rows are rendered in another way, so that no page of an earlier release is served. */
const FORMAT = 1;

const keyOf = (userId: string): string => `chatroom-list:${FORMAT}:${userId}`;

/**
 * One rendered page for each user, in Redis. It promises nothing about how current a page is: who takes one compares
 * its version with PostgreSQL's ({@link ChatroomList}), so losing, doubling or delaying a write here does no harm.
 */
@Injectable()
export class ChatroomListCache {
  constructor(private readonly redis: RedisClient) {}

  /** The user's page; null when there is none; undefined when Redis didn't answer in time. */
  async find(userId: string): Promise<CachedPage | null | undefined> {
    const entry = await within(PATIENCE_MS, this.redis.get(keyOf(userId)));
    return typeof entry === 'string' ? decode(entry) : entry;
  }

  /** Keeps a page, in place of the one before. Without waiting: nobody's answer depends on it. */
  keep(userId: string, page: CachedPage): void {
    if (page.body.length > MAX_BODY_LENGTH) return;
    this.redis.set(keyOf(userId), encode(page), 'EX', SECONDS_TO_LIVE).catch(() => undefined);
  }

  /** Removes the user's page, or fails when Redis is out of reach: then it goes when its time is over. */
  async forget(userId: string): Promise<void> {
    await this.redis.del(keyOf(userId));
  }
}

const encode = ({ shape, version, body }: CachedPage): string => `${shape}\n${version}\n${body}`;

function decode(entry: string): CachedPage {
  const first = entry.indexOf('\n');
  const second = entry.indexOf('\n', first + 1);
  return { shape: entry.slice(0, first), version: entry.slice(first + 1, second), body: entry.slice(second + 1) };
}

/** Undefined when the answer fails or doesn't come in time. */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([answer.catch(() => undefined), patience]);
  } finally {
    clearTimeout(timer);
  }
}
