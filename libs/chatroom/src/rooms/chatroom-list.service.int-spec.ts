import 'reflect-metadata';
import {
  Database,
  DatabaseConfig,
  Metrics,
  RedisClient,
  RedisConfig,
  ValidationFailedError,
  withTimeout,
} from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase, type TestRedis, testRedis } from '../../../../test/support/services.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { type CachedPage, ChatroomListCache } from './chatroom-list.cache.js';
import { ChatroomListService } from './chatroom-list.service.js';
import { ChatroomWalkCache } from './chatroom-walk.cache.js';
import { ChatroomWalkService } from './chatroom-walk.service.js';
import { ChatroomTitleStore } from './chatroom-title.store.js';
import type { ChatroomPageResponse } from './chatroom.response.js';
import type { ChatroomService } from './chatroom.service.js';

/** The list as one API process has it: the database is common, the connection to Redis its own. */
class Replica {
  private readonly metrics = new Metrics();
  private readonly list: ChatroomListService;
  readonly cache: ChatroomListCache;

  private constructor(
    readonly redis: RedisClient,
    database: Database,
  ) {
    this.cache = new ChatroomListCache(redis);
    const walks = new ChatroomWalkService(database, new ChatroomWalkCache(redis));
    this.list = new ChatroomListService(database, this.cache, walks, new SystemClock(), this.metrics);
  }

  static async start(database: Database, { host, port, db }: TestRedis): Promise<Replica> {
    const address = { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db };
    const redis = withLongTimeout(new RedisClient(Object.assign(new RedisConfig(), address)));
    await eventually(() => redis.status === 'ready');
    return new Replica(redis, database);
  }

  /** Waits until Redis has everything that was kept, and after a cut until it is there again. */
  async settled(): Promise<void> {
    await eventually(() => this.redis.ping());
  }

  async page(userId: string, query: { archived?: boolean; limit?: number; cursor?: string } = {}) {
    const json = await this.list.page(userId, { archived: false, limit: 50, ...query });
    return JSON.parse(json) as ChatroomPageResponse;
  }

  /** What Redis has of the user's list. On a machine under load the first answer may come too late. */
  async kept(userId: string): Promise<CachedPage | null> {
    const { found } = await eventually(async () => {
      const found = await this.cache.find(userId);
      if (found === undefined) throw new Error('Redis did not answer in time.');
      return { found };
    });
    return found;
  }

  /** How many first pages have been answered, by what the cache gave. */
  async answered(result: 'hit' | 'outdated' | 'absent' | 'unreachable'): Promise<number> {
    const { values } = (await this.metrics.getSingleMetric('chatroom_list_first_pages_total')?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
  }
}

let testDatabase: TestDatabase;
let database: Database;
let toRedis: TcpProxy;
let rooms: ChatroomService;
let titles: ChatroomTitleStore;
/** Sends what the product has no need of. */
let raw: Redis;
let one: Replica;
let other: Replica;
/** The replica whose way to Redis can be cut. */
let shaky: Replica;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ rooms } = chatrooms(database, new SystemClock()));
  titles = new ChatroomTitleStore(database, new SystemClock());
  const redis = await testRedis();
  raw = new Redis(redis);
  toRedis = await TcpProxy.to(redis.host, redis.port);
  one = await Replica.start(database, redis);
  other = await Replica.start(database, redis);
  shaky = await Replica.start(database, { ...redis, host: '127.0.0.1', port: toRedis.port });
});

afterAll(async () => {
  for (const replica of [one, other, shaky]) replica.redis.disconnect();
  raw.disconnect();
  await toRedis.close();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** Stores rooms with these settings and times of activity (milliseconds), and returns their ids. */
async function insertRooms(userId: string, wanted: { pinned?: boolean; archived?: boolean; at?: number }[]) {
  const ids: string[] = [];
  for (const { at = 0, ...flags } of wanted) {
    const { id } = await rooms.create(userId, { title: 'A room' });
    await database.prisma.chatroom.update({ where: { id }, data: { ...flags, lastActivityAt: new Date(1e12 + at) } });
    ids.push(id);
  }
  return ids;
}

const idsOf = (page: ChatroomPageResponse): string[] => page.items.map((room) => room.id);

describe('the list', () => {
  it('has pinned rooms first, then the latest activity, and leaves archived ones to their own list', async () => {
    const user = await insertUser(database);
    const [old, latest, pinned, archived] = await insertRooms(user, [
      { at: 1 },
      { at: 3 },
      { at: 0, pinned: true },
      { at: 9, archived: true },
    ]);
    expect(idsOf(await one.page(user))).toEqual([pinned, latest, old]);
    expect(idsOf(await one.page(user, { archived: true }))).toEqual([archived]);
  });

  it("shows no other user's rooms", async () => {
    const [user, otherUser] = [await insertUser(database), await insertUser(database)];
    await insertRooms(otherUser, [{}]);
    expect(await one.page(user)).toEqual({ items: [], nextCursor: null });
  });

  it('leads from page to page through every room once, in order, also where times are equal', async () => {
    const room = fc.record({ pinned: fc.boolean(), archived: fc.boolean(), at: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(room, { maxLength: 14 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        async (wanted, limit, archived) => {
          const user = await insertUser(database);
          const ids = await insertRooms(user, wanted);
          const expected = wanted
            .map((room, index) => ({ ...room, id: ids[index]! }))
            .filter((room) => room.archived === archived)
            .sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.at - a.at || (a.id < b.id ? 1 : -1))
            .map(({ id }) => id);

          const pages: string[][] = [];
          for (let cursor: string | null = ''; cursor !== null;) {
            const page = await one.page(user, { limit, archived, ...(cursor === '' ? {} : { cursor }) });
            pages.push(idsOf(page));
            cursor = page.nextCursor;
          }
          expect(pages.flat()).toEqual(expected);
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('refuses a cursor that it did not give', async () => {
    const cursors = ['nonsense', Buffer.from('{"pinned":true,"at":1e300,"id":"x"}').toString('base64url')];
    for (const cursor of cursors) {
      await expect(one.page(await insertUser(database), { cursor })).rejects.toThrow(ValidationFailedError);
    }
  });
});

/** Reads until the page came from Redis: a machine under load may be too slow for the cache's time limit. */
async function expectHit(replica: Replica, user: string, page: ChatroomPageResponse): Promise<void> {
  const hits = await replica.answered('hit');
  await eventually(async () => {
    expect(await replica.page(user)).toEqual(page);
    return (await replica.answered('hit')) > hits;
  });
}

describe('the first page in Redis', () => {
  it('is what the next read gets, at every replica', async () => {
    const user = await insertUser(database);
    await insertRooms(user, [{}, {}]);
    const page = await one.page(user);
    await one.settled();
    await expectHit(other, user, page);
  });

  it('is an empty list, too', async () => {
    const user = await insertUser(database);
    const page = await one.page(user);
    expect(page).toEqual({ items: [], nextCursor: null });
    await expectHit(one, user, page);
  });

  it('is not taken for a page of another size or of the archived rooms', async () => {
    const user = await insertUser(database);
    const [first, second, archived] = await insertRooms(user, [{ at: 2 }, { at: 1 }, { archived: true }]);
    expect(idsOf(await one.page(user))).toEqual([first, second]);
    expect(idsOf(await one.page(user, { limit: 1 }))).toEqual([first]);
    expect(idsOf(await one.page(user, { archived: true }))).toEqual([archived]);
    expect(idsOf(await one.page(user))).toEqual([first, second]);
  });

  it('is not served when it was kept too late, after a change', async () => {
    const user = await insertUser(database);
    const { id } = await rooms.create(user, { title: 'Before' });
    const kept = await eventually(async () => {
      await one.page(user);
      return one.kept(user);
    });
    await rooms.update(user, id, { title: 'After' });
    await one.page(user);
    one.cache.store(user, kept!);
    await one.settled();
    expect((await other.page(user)).items).toEqual([expect.objectContaining({ title: 'After' })]);
  });

  it("is not kept when it is huge: Redis is the queue's as well", async () => {
    const user = await insertUser(database);
    const systemInstruction = 'x'.repeat(8_000);
    for (let count = 0; count < 35; count++) await rooms.create(user, { systemInstruction });
    expect((await one.page(user)).items).toHaveLength(35);
    expect(await one.kept(user)).toBeNull();
  });

  it('goes with its user', async () => {
    const user = await insertUser(database);
    await one.page(user);
    await one.cache.remove(user);
    expect(await one.kept(user)).toBeNull();
  });
});

describe('the owner never sees an old list', () => {
  const changes: Record<string, (user: string, id: string, n: number) => Promise<unknown>> = {
    rename: (user, id, n) => rooms.update(user, id, { title: `Title ${n}` }),
    pin: (user, id, n) => rooms.update(user, id, { pinned: n % 2 === 0 }),
    archive: (user, id, n) => rooms.update(user, id, { archived: n % 2 === 0 }),
    send: (_, id) => touch(id),
    name: (_, id, n) => titles.setFirst(id, `Name ${n}`),
    remove: (userId, id) => database.prisma.chatroom.deleteMany({ where: { id, userId } }),
  };
  const disturbances: Record<string, () => Promise<unknown> | void> = {
    flush: () => raw.flushdb(),
    cut: () => toRedis.sever(),
    mend: () => mended(),
  };
  const open = fc.record({ step: fc.constant('open' as const) });
  const change = fc.record({
    step: fc.constant('change' as const),
    kind: fc.constantFrom(...Object.keys(changes)),
    n: fc.nat(),
  });
  const disturb = fc.record({
    step: fc.constant('disturb' as const),
    kind: fc.constantFrom(...Object.keys(disturbances)),
  });
  const read = fc.record({
    step: fc.constant('read' as const),
    replica: fc.constantFrom(0, 1, 2),
    archived: fc.constantFrom(false, false, false, true),
    limit: fc.constantFrom(2, 50, 50, 50),
  });

  it('whatever is written, flushed and cut off between the reads of several replicas', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(open, change, disturb, read, read, read, read), { minLength: 30, maxLength: 60 }),
        async (script) => {
          const user = await insertUser(database);
          const ids: string[] = [(await rooms.create(user, {})).id];
          for (const does of script) {
            if (does.step === 'open') ids.push((await rooms.create(user, {})).id);
            if (does.step === 'change' && ids.length > 0) {
              const [id] = does.kind === 'remove' ? ids.splice(does.n % ids.length, 1) : [ids[does.n % ids.length]];
              await changes[does.kind]!(user, id!, does.n);
            }
            if (does.step === 'disturb') await disturbances[does.kind]!();
            if (does.step !== 'read') continue;
            const shown = await [one, other, shaky][does.replica]!.page(user, does);
            const stored = await uncached(user, does.archived, does.limit);
            expect(shown).toEqual(stored);
          }
          await mended();
        },
      ),
      { numRuns: 15 },
    );
    const hits = await Promise.all([one, other, shaky].map((replica) => replica.answered('hit')));
    expect(hits.reduce((sum, each) => sum + each)).toBeGreaterThan(30);
    expect(await shaky.answered('unreachable')).toBeGreaterThan(5);
  }, 120_000);

  it('while it is written and read at once', async () => {
    const user = await insertUser(database);
    const { id } = await rooms.create(user, { title: '0' });
    const last = 150;
    let committed = 0;
    let begun = 0;
    const write = async () => {
      while (begun < last) {
        begun++;
        await rooms.update(user, id, { title: String(begun) });
        committed = begun;
        if (begun % 40 === 0) await raw.flushdb();
      }
    };
    const seen: { atLeast: number; shown: number; atMost: number }[] = [];
    const read = async (replica: Replica) => {
      while (committed < last) {
        const atLeast = committed;
        const [room] = (await replica.page(user)).items;
        seen.push({ atLeast, shown: Number(room?.title), atMost: begun });
      }
    };
    await Promise.all([write(), ...[one, other, shaky, one, other, shaky].map(read)]);
    expect(seen.filter(({ atLeast, shown, atMost }) => shown < atLeast || shown > atMost)).toEqual([]);
    expect(seen.length).toBeGreaterThan(last);
  });

  /** What an accepted message does to its room. */
  async function touch(id: string): Promise<void> {
    const now = new Date();
    await database.prisma.chatroom.update({
      where: { id },
      data: { lastMessageAt: now, lastActivityAt: now, updatedAt: now, lastSeq: { increment: 2 } },
    });
  }

  /** The page as another client's query to PostgreSQL shows it. */
  async function uncached(userId: string, archived: boolean, limit: number): Promise<unknown> {
    const rows = await database.prisma.chatroom.findMany({
      where: { userId, archived },
      orderBy: [{ pinned: 'desc' }, { lastActivityAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
      omit: { userId: true, lastActivityAt: true, lastSeq: true },
    });
    const items = JSON.parse(JSON.stringify(rows.slice(0, limit))) as unknown;
    return { items, nextCursor: rows.length > limit ? expect.any(String) : null };
  }
});

async function mended(): Promise<void> {
  toRedis.mend();
  await shaky.settled();
}

describe('without Redis', () => {
  beforeEach(mended);
  afterEach(mended);

  it('the list comes from PostgreSQL', async () => {
    const user = await insertUser(database);
    const ids = await insertRooms(user, [{}]);
    toRedis.sever();
    expect(idsOf(await shaky.page(user))).toEqual(ids);
  });

  it('the list waits a tenth of a second for a Redis that has fallen silent', async () => {
    const user = await insertUser(database);
    const ids = await insertRooms(user, [{}]);
    const unreachable = await shaky.answered('unreachable');
    toRedis.set('half-open');
    const began = performance.now();
    expect(idsOf(await shaky.page(user))).toEqual(ids);
    expect(performance.now() - began).toBeGreaterThanOrEqual(95);
    // Told by the order of two timers: this one is as late as that of the cache where the process stands still meanwhile.
    expect(await withTimeout(900, shaky.cache.find(user), () => 'too late')).toBeUndefined();
    expect(await shaky.answered('unreachable')).toBe(unreachable + 1);
  });
});
