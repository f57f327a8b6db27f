import 'reflect-metadata';
import { Database, DatabaseConfig, MAX_PAGE_BYTES, Metrics, type RedisClient, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { insertUser } from '../../../../test/support/rows.js';
import { connectTestRedis } from '../../../../test/support/deployments/redis-connections.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { ChatroomListCache } from './chatroom-list.cache.js';
import { ChatroomListService } from './chatroom-list.service.js';
import { ChatroomWalkCache } from './chatroom-walk.cache.js';
import { ChatroomWalkService } from './chatroom-walk.service.js';
import type { ChatroomPageResponse } from './chatroom.response.js';
import type { ChatroomService } from './chatroom.service.js';

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
/** Sends what the product has no need of. */
let raw: Redis;
let closeRedis: () => void;
let rooms: ChatroomService;
let walks: ChatroomWalkCache;
let list: ChatroomListService;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ redis, raw, close: closeRedis } = await connectTestRedis());
  const clock = new SystemClock();
  ({ rooms } = chatrooms(database, clock));
  walks = new ChatroomWalkCache(redis);
  const walking = new ChatroomWalkService(database, walks);
  list = new ChatroomListService(database, new ChatroomListCache(redis), walking, clock, new Metrics());
});

afterAll(async () => {
  closeRedis();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

async function page(userId: string, limit: number, cursor?: string): Promise<ChatroomPageResponse> {
  const query = { archived: false, limit, ...(cursor === undefined ? {} : { cursor }) };
  return JSON.parse(await list.page(userId, query)) as ChatroomPageResponse;
}

interface Room {
  pinned: boolean;
  archived: boolean;
  /** When the room had its latest activity: a small number, so that some have it at the same time. */
  at: number;
}

/** Stores rooms that no one has touched for long. */
async function insertRooms(userId: string, wanted: Partial<Room & { systemInstruction: string }>[]): Promise<string[]> {
  const data = wanted.map(({ at = 0, ...room }) => {
    const time = new Date(1e12 + at);
    return { ...room, id: uuidv7(), userId, createdAt: time, updatedAt: time, lastActivityAt: time };
  });
  await database.prisma.chatroom.createMany({ data });
  return data.map(({ id }) => id);
}

/** As an accepted message does. */
async function touch(id: string): Promise<void> {
  const now = new Date();
  await database.prisma.chatroom.updateMany({
    where: { id },
    data: { updatedAt: now, lastActivityAt: now, lastMessageAt: now },
  });
}

const roomArbitrary = fc.record({
  pinned: fc.boolean(),
  archived: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  at: fc.nat({ max: 12 }),
});

const CHANGES = ['pin', 'unpin', 'touch', 'rename', 'archive', 'unarchive', 'create', 'delete'] as const;

/** What happens between two pages: changes of rooms, and requests that the reader's next one knows nothing of. */
const interlude = fc.record({
  changes: fc.array(fc.record({ change: fc.constantFrom(...CHANGES), room: fc.nat() }), { maxLength: 5 }),
  /** The answer to the next request gets lost, so that it is repeated after these changes. */
  lost: fc.boolean(),
  /** Another device begins to read the list, and may read a second page, too. */
  otherReader: fc.nat({ max: 2 }),
});

/** A walk, and which rooms have been in the list throughout. */
class Walk {
  readonly seen: string[] = [];
  private readonly throughout: Set<string>;

  constructor(
    private readonly userId: string,
    private readonly known: string[],
    listed: string[],
  ) {
    this.throughout = new Set(listed);
  }

  async read(
    limit: number,
    interludes: { changes: { change: string; room: number }[]; lost: boolean; otherReader: number }[],
  ) {
    let cursor: string | undefined;
    for (let pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const between = interludes[pages % interludes.length];
      if (between?.lost === true) {
        await page(this.userId, limit, cursor);
        await this.change(between.changes);
      }
      const { items, nextCursor } = await page(this.userId, limit, cursor);
      this.seen.push(...items.map(({ id }) => id));
      cursor = nextCursor ?? undefined;
      await this.readElsewhere(limit, between?.otherReader ?? 0);
      // A walk ends when it has seen everything: with changes for ever, new rooms would keep it going.
      if (pages < interludes.length) await this.change(between?.changes ?? []);
    }
  }

  /** Rooms that came twice, and rooms that did not come at all though they were in the list throughout. */
  get faults(): { twice: string[]; missing: string[] } {
    return {
      twice: this.seen.filter((id, index) => this.seen.indexOf(id) !== index),
      missing: [...this.throughout].filter((id) => !this.seen.includes(id)),
    };
  }

  private async readElsewhere(limit: number, pages: number): Promise<void> {
    let cursor: string | undefined;
    for (let read = 0; read < pages && (read === 0 || cursor !== undefined); read++) {
      cursor = (await page(this.userId, limit, cursor)).nextCursor ?? undefined;
    }
  }

  private async change(changes: { change: string; room: number }[]): Promise<void> {
    for (const { change, room } of changes) await this.apply(change, this.known[room % this.known.length] as string);
  }

  private async apply(change: string, id: string): Promise<void> {
    const exists = (await database.prisma.chatroom.count({ where: { id } })) > 0;
    if (change === 'create') return void this.known.push((await rooms.create(this.userId, { title: 'New' })).id);
    if (!exists) return;
    if (change === 'archive' || change === 'delete') this.throughout.delete(id);
    if (change === 'touch') return touch(id);
    if (change === 'delete') return void (await database.prisma.chatroom.deleteMany({ where: { id } }));
    const data = {
      pin: { pinned: true },
      unpin: { pinned: false },
      rename: { title: `Named ${Math.random()}` },
      archive: { archived: true },
      unarchive: { archived: false },
    }[change];
    await rooms.update(this.userId, id, data ?? {});
  }
}

describe('a walk through the list', () => {
  it('has each room that is listed throughout exactly once, and no room twice, whatever changes meanwhile', async () => {
    const holds = fc.asyncProperty(
      fc.array(roomArbitrary, { minLength: 3, maxLength: 25 }),
      fc.integer({ min: 1, max: 6 }),
      fc.array(interlude, { minLength: 1, maxLength: 8 }),
      async (wanted, limit, interludes) => {
        const user = await insertUser(database);
        const known = await insertRooms(user, wanted);
        const walk = new Walk(
          user,
          [...known],
          known.filter((_, index) => wanted[index]?.archived === false),
        );
        await walk.read(limit, interludes);
        expect(walk.faults).toEqual({ twice: [], missing: [] });
      },
    );
    await fc.assert(holds, { numRuns: 150, seed: Number(process.env['WALK_SEED'] ?? 1) });
  }, 120_000);

  it('is in the order of the list where nothing changes', async () => {
    const user = await insertUser(database);
    const ids = await insertRooms(
      user,
      Array.from({ length: 20 }, (_, index) => ({ at: index, pinned: index % 3 === 0 })),
    );
    const whole = (await page(user, 100)).items.map(({ id }) => id);
    expect(new Set(whole)).toEqual(new Set(ids));
    const walked: string[] = [];
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await page(user, 3, cursor);
      walked.push(...items.map(({ id }) => id));
      cursor = nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(walked).toEqual(whole);
  });

  it('goes on by position when Redis has lost what it has seen', async () => {
    const user = await insertUser(database);
    const ids = await insertRooms(
      user,
      Array.from({ length: 12 }, (_, index) => ({ at: 12 - index })),
    );
    const first = await page(user, 3);
    const second = await page(user, 3, first.nextCursor ?? '');
    await walks.remove(user);
    await touch(ids[0] as string);
    const third = await page(user, 3, second.nextCursor ?? '');
    const fourth = await page(user, 3, third.nextCursor ?? '');
    const seen = [first, second, third, fourth].flatMap(({ items }) => items.map(({ id }) => id));
    expect(seen).toEqual(ids);
    expect(fourth.nextCursor).toBeNull();
  });

  it('keeps a bounded number of states for a user, and none for who only reads first pages', async () => {
    const user = await insertUser(database);
    await insertRooms(
      user,
      Array.from({ length: 60 }, (_, index) => ({ at: index })),
    );
    const first = await page(user, 2);
    expect(await raw.exists(`chatroom-walks:${user}`)).toBe(0);
    let cursor = first.nextCursor;
    while (cursor !== null) cursor = (await page(user, 2, cursor)).nextCursor;
    expect(await raw.hlen(`chatroom-walks:${user}`)).toBe(16);
    expect(await raw.ttl(`chatroom-walks:${user}`)).toBeGreaterThan(3_500);
  });

  it('has pages of bounded size, though rooms have long instructions', async () => {
    const user = await insertUser(database);
    const ids = await insertRooms(
      user,
      Array.from({ length: 60 }, (_, index) => ({ at: index, systemInstruction: '🌍'.repeat(8_000) })),
    );
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const { items, nextCursor } = await page(user, 100, cursor);
      const bytes = items.reduce((sum, { systemInstruction }) => sum + Buffer.byteLength(systemInstruction ?? ''), 0);
      expect(bytes).toBeLessThanOrEqual(MAX_PAGE_BYTES);
      expect(items.length).toBeGreaterThan(0);
      seen.push(...items.map(({ id }) => id));
      cursor = nextCursor;
      // Of those that have changed, the texts are bounded, too.
      await rooms.update(user, ids[0] as string, { title: `Changed after ${seen.length}` });
      for (const id of ids.slice(1, 20)) await touch(id);
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });
});
