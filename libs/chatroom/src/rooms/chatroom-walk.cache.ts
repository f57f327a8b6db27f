import { RedisClient, uuidv7, withTimeout } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** How long a walk goes on being stable after its last page. */
const SECONDS_TO_LIVE = 3_600;

/** How many states are kept for a user; each page that is read adds one, and the oldest ones go. */
const MAX_STATES = 16;

/** How long a page waits for Redis. */
const TIMEOUT_MS = 200;

/** A room's id is remembered by its last eight bytes, which are random. */
const ID_BYTES = 8;

const keyOf = (userId: string): string => `chatroom-walks:${userId}`;

/**
 * Adds a state: the one before it, and the rooms of one more page. States never change, so that a page can be asked for again.
 * Says 0 when there is no such state before. Ids of states are UUIDv7, so the smallest is the oldest.
 * KEYS: the user's states. ARGV: the state before or '', what comes before it, the new state, its rooms, states, seconds to live.
 */
const EXTEND = `
  local before = ARGV[2]
  if ARGV[1] ~= '' then before = redis.call('HGET', KEYS[1], ARGV[1]) end
  if not before then return 0 end
  redis.call('HSET', KEYS[1], ARGV[3], before .. ARGV[4])
  local states = redis.call('HKEYS', KEYS[1])
  table.sort(states)
  for index = 1, #states - tonumber(ARGV[5]) do redis.call('HDEL', KEYS[1], states[index]) end
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  return 1`;

/** Which rooms the earlier pages of a walk through a list have had, as far as it is known without Redis. */
export type WalkState =
  /** The rooms themselves: of the first page, whose cursor brings them along, so that the page that is read most writes nothing. */
  | { seen: Buffer }
  /** The id of a state in Redis. */
  | { walk: string };

/** The rooms of a page, as a state has them. */
export const seenRooms = (ids: string[]): Buffer =>
  Buffer.concat(ids.map((id) => Buffer.from(id.replaceAll('-', '').slice(-2 * ID_BYTES), 'hex')));

/** Remembers in Redis which rooms a user's walks through the list have seen, so that none comes twice. */
@Injectable()
export class ChatroomWalkCache {
  constructor(private readonly redis: RedisClient) {}

  /**
   * Which of these rooms the walk has not seen.
   *
   * @returns null when that is not known (any more)
   */
  async unseen(userId: string, state: WalkState, ids: string[]): Promise<string[] | null> {
    const seen = 'seen' in state ? state.seen : await this.read(userId, state.walk);
    if (seen === null) return null;
    const known = new Set(chunks(seen.toString('hex'), 2 * ID_BYTES));
    return ids.filter((id) => !known.has(seenRooms([id]).toString('hex')));
  }

  /**
   * The state of a walk that has seen one more page.
   *
   * @returns null when it could not be stored: then the walk goes on without
   */
  async extend(userId: string, state: WalkState, ids: string[]): Promise<WalkState | null> {
    const walk = uuidv7();
    const [before, inline] = 'seen' in state ? ['', state.seen] : [state.walk, Buffer.alloc(0)];
    const stored = this.redis
      .eval(EXTEND, 1, keyOf(userId), before, inline, walk, seenRooms(ids), MAX_STATES, SECONDS_TO_LIVE)
      .catch(() => 0);
    return (await withTimeout(TIMEOUT_MS, stored, () => 0)) === 1 ? { walk } : null;
  }

  /** Removes all of a user's states. @throws when Redis is out of reach: then they expire within the hour */
  async remove(userId: string): Promise<void> {
    await this.redis.del(keyOf(userId));
  }

  private async read(userId: string, walk: string): Promise<Buffer | null> {
    const read = this.redis.hgetBuffer(keyOf(userId), walk).catch(() => null);
    return await withTimeout(TIMEOUT_MS, read, () => null);
  }
}

function chunks(text: string, length: number): string[] {
  return Array.from({ length: text.length / length }, (_, index) => text.slice(index * length, (index + 1) * length));
}
