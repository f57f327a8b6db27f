import 'reflect-metadata';
import { Database, DatabaseConfig, decodeCursor, RedisClient, RedisConfig, SlotService, uuidv7 } from '@app/platform';
import { IsUUID } from 'class-validator';
import fc from 'fast-check';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { insertMessages, insertUser, type MessageOverrides } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { type FoundRow, SearchService } from './search.service.js';
import { SearchStore } from './search.store.js';

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
let store: SearchStore;
let search: SearchService;
let user: string;
let room: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const config = Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url });
  database = new Database(config);
  const { host, port, db } = await testRedis();
  const redisConfig = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  redis = withLongTimeout(new RedisClient(redisConfig));
  store = new SearchStore(database, config);
  search = new SearchService(store, new SlotService(redis));
});

afterAll(async () => {
  redis.onApplicationShutdown();
  await store.onApplicationShutdown();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

beforeEach(async () => {
  user = await insertUser(database);
  room = await newRoom(user);
});

async function newRoom(userId: string, archived = false): Promise<string> {
  const id = uuidv7();
  await database.prisma.chatroom.create({ data: { id, userId, archived } });
  return id;
}

const say = async (...contents: string[]): Promise<string[]> =>
  insertMessages(
    database,
    room,
    contents.map((content) => ({ content })),
  );

/** Has comparing texts take no time, so that what a call looks at ends by its amount alone, however busy the machine is. */
async function whileNoTimePasses<T>(work: () => Promise<T>): Promise<T> {
  const now = performance.now.bind(performance);
  performance.now = () => 0;
  try {
    return await work();
  } finally {
    performance.now = now;
  }
}

class Position {
  @IsUUID()
  id!: string;
}

/** The pages of a search, all of them. */
async function pagesOf(q: string, limit = 50): Promise<FoundRow[][]> {
  const pages: FoundRow[][] = [];
  for (let before: string | undefined; ;) {
    const { items, nextCursor } = await search.find(user, q, limit, before);
    pages.push(items);
    if (nextCursor === null) return pages;
    before = decodeCursor(Position, nextCursor)!.id;
  }
}

const found = async (q: string): Promise<string[]> => (await pagesOf(q)).flat().map((row) => row.content);

describe('a search', () => {
  it.each([
    ['one word, in any case', 'SKY'],
    ['several words, in any order', 'blue sky'],
    ['the beginning of a word, and the inside of one', 'sky lu'],
    ['words with accents', 'ÉTOILÉ'],
    ['a word of another script', 'НЕБ'],
    ['a part of a word with a hyphen', 'ultra-viol'],
    ['a number', '3.14'],
  ])('finds %s', async (_, q) => {
    const text = 'Why is the Sky so Blue? Ciel étoilé, Синее небо, ultra-violet, 3.14';
    await say(text, 'Something else');
    expect(await found(q)).toEqual([text]);
  });

  it.each([
    ['为什么天空是蓝色的？', '天空'],
    ['日本語のテストをお願いします', 'テスト'],
    ['日本語のテストをお願いします', 'ﾃｽﾄ'],
    ['ガラス', 'ｶﾞﾗｽ'],
    ['ｶﾞﾗｽ', 'ガラ'],
    ['ทดสอบคำไทยน้ำ', 'คำไทย'],
    ['한국어 검색', '국어'],
    ['한국어 검색'.normalize('NFD'), '국어'],
    ['한국어 검색', '국어'.normalize('NFD')],
    ['See report.pdf', 'pdf'],
    ['report.pdf', 'REPORT.PDF'],
    ['TCP/IP', 'IP'],
    ['https://docs.example.com/guide/install.html', 'install'],
    ['https://docs.example.com/guide/install.html', 'example.com'],
    ['src/app/user.service.ts', 'app'],
    ['Well done 🎉!', '🎉'],
    ['👩‍👩‍👧‍👦', '👩'],
    ['résumé'.normalize('NFD'), 'résumé'.normalize('NFC')],
    ['résumé'.normalize('NFC'), 'résumé'.normalize('NFD')],
    ['ﬁle ½ ㎏', 'file 1⁄2 kg'],
    ['ＦＵＬＬ width', 'full'],
    ['full width', 'ｆｕｌｌ　ＷＩＤＴＨ'],
    ['Straße', 'STRASSE'],
    ['STRASSE', 'straße'],
    ['İstanbul', 'istanbul'],
    ['istanbul', 'İSTANBUL'],
    ['ΟΔΟΣ', 'οδος'],
    ['οδος', 'ΟΔΟΣ'],
    ['100% of a_b is c\\d', '% _ \\'],
    ["it's $1 (or 'less')", "'less') $1"],
  ])('finds in %j %j', async (text, q) => {
    await say(text, 'Something else: hay, 乾草, hé');
    expect(await found(q)).toEqual([text]);
    const [hit] = (await pagesOf(q)).flat();
    expect(text).toContain(hit!.snippet);
  });

  it.each([
    ['a message that lacks one of the words', 'sky green'],
    ['letters where LIKE would see a pattern', 'b_ue'],
    ['any text for a percent sign', '%'],
    ['words run together', 'skyis'],
    ['the letter without its accent', 'cafe'],
  ])('does not find %s', async (_, q) => {
    await say('The sky is blue over the café');
    expect(await found(q)).toEqual([]);
  });

  it('takes whatever is typed as words, never as syntax', async () => {
    await say(String.raw`a | b & c ! (d) <-> 'e' \f :* "g" %h_ $1`);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), async (typed) => {
        const q = typed.replaceAll('\0', '').trim();
        fc.pre(q !== '');
        expect(await found(q)).toEqual(expect.any(Array));
      }),
      { numRuns: 300 },
    );
    const syntax = fc.stringMatching(/^[ab '\\"|&!():*<>%_$-]{1,12}$/).map((typed) => `${typed}a`);
    await fc.assert(
      fc.asyncProperty(syntax, async (q) => {
        expect(await found(q)).toEqual(expect.any(Array));
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it("sees all of the user's rooms, archived ones too, and no other user's", async () => {
    await say('needle in a room');
    await insertMessages(database, await newRoom(user, true), [{ content: 'needle in the archive' }]);
    await insertMessages(database, await newRoom(await insertUser(database)), [{ content: 'needle of another user' }]);
    expect(await found('needle')).toEqual(['needle in the archive', 'needle in a room']);
  });

  it('sees replies once they are finished, and no variant that was replaced', async () => {
    const bot = (overrides: MessageOverrides): MessageOverrides => ({ role: 'bot', ...overrides });
    await insertMessages(database, room, [
      bot({ content: 'needle replaced', superseded: true }),
      bot({ content: 'needle done' }),
      bot({ content: 'needle stopped', status: 'cancelled' }),
      bot({ content: 'needle growing', status: 'generating' }),
    ]);
    expect(await found('needle')).toEqual(['needle stopped', 'needle done']);
  });

  it('shows the part around the words as it was written', async () => {
    const filler = Array.from({ length: 200 }, (_, index) => `filler${index}`).join(' ');
    await say(`${filler} a <b>rare</b> needle & more ${filler}`);
    const { items } = await search.find(user, 'needle', 50);
    expect(items[0]?.snippet).toContain('needle & more');
    expect(items[0]?.snippet.length).toBeLessThan(400);
    expect(items[0]?.content).toContain(items[0]!.snippet);
  });

  it('leads from page to page through every hit once, newest first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 7 }),
        async (hits, limit) => {
          user = await insertUser(database);
          room = await newRoom(user);
          const ids = await say(...hits.map((hit) => (hit ? 'a needle' : 'some hay')));
          const pages = await whileNoTimePasses(() => pagesOf('needle', limit));
          const expected = ids.filter((_, index) => hits[index]).reverse();
          expect(pages.flat().map((row) => row.id)).toEqual(expected);
          expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / limit)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('looks at a bounded amount of text in one call, and finds all of it by the cursor', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `${'字'.repeat(31_000)} number ${index}`);
    await say(...texts);
    const pages = await pagesOf('number');
    expect(pages.length).toBeGreaterThan(3);
    expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(11);
    expect(pages.flat().map((row) => row.content)).toEqual(texts.reverse());
    // 93,009 bytes each: the twelfth goes beyond 1 MiB and is the last one.
    const { messages, hasMore } = await store.read(user);
    expect({ read: messages.length, hasMore }).toEqual({ read: 12, hasMore: true });
  });

  it('looks at a bounded number of messages in one call', async () => {
    const ids = await say('needle', ...Array.from({ length: 2_500 }, () => 'hay'));
    const pages = await pagesOf('needle');
    // On a busy machine a call looks at fewer: its time is bounded, too.
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat().map(({ id }) => id)).toEqual([ids[0]]);
    const { messages, hasMore } = await store.read(user);
    expect({ read: messages.length, hasMore }).toEqual({ read: 2_000, hasMore: true });
  });

  it('takes a text that is longer than what one call looks at', async () => {
    const ids = await say('needle', `${'x'.repeat(1_500_000)} needle`, 'hay');
    expect((await pagesOf('needle')).flat().map(({ id }) => id)).toEqual([ids[1], ids[0]]);
  });

  it('gives other requests their turn, whatever the text', async () => {
    const zalgo = `e${'\u0301\u0323'.repeat(15_000)}`;
    await say(...Array.from({ length: 10 }, () => zalgo), ...Array.from({ length: 20 }, () => '\ufdfa'.repeat(32_000)));
    let turns = 0;
    const counting = setInterval(() => turns++, 0);
    await pagesOf('abababa1 abababa2 abababa3');
    clearInterval(counting);
    // Without a pause it has one for each statement.
    expect(turns).toBeGreaterThan(15);
  });
});

describe('searches', () => {
  it('of one user are two at once', async () => {
    await say('needle');
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => search.find(user, 'needle', 50)));
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(8);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'too_many_searches', category: 'limited' });
    expect((await search.find(user, 'needle', 50)).items).toHaveLength(1);
  });

  it('of many users wait for each other, and take no connection of other requests', async () => {
    const users = await Promise.all(Array.from({ length: 40 }, () => insertUser(database)));
    let taken = 0;
    const count = () => taken++;
    database.pool.on('acquire', count);
    const outcomes = await Promise.allSettled(users.map((each) => search.find(each, 'needle', 50)));
    database.pool.off('acquire', count);
    const refused = outcomes.filter((each) => each.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'search_unavailable' });
    expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(30);
    expect(taken).toBe(0);
    // The server's own processes visit databases, too, and what the pool has closed takes a moment to be closed at the server.
    await eventually(async () => {
      const { rows } = await database.pool.query<{ open: number }>(
        `SELECT count(*)::int AS open FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend'`,
      );
      expect((rows[0]?.open ?? 0) - database.pool.totalCount).toBe(3);
      return true;
    });
  });

  it('that take too long are told so, and leave no timeout behind', async () => {
    await say('needle');
    await database.prisma.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE message IN ACCESS EXCLUSIVE MODE`;
        await expect(search.find(user, 'needle', 50)).rejects.toMatchObject({ code: 'search_unavailable' });
      },
      { timeout: 10_000 },
    );
    expect((await search.find(user, 'needle', 50)).items).toHaveLength(1);
  });
});
