import 'reflect-metadata';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import fc from 'fast-check';
import { insertMessages, insertUser, type MessageOverrides } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { SearchStore } from './search.store.js';

let testDatabase: TestDatabase;
let database: Database;
let search: SearchStore;
let user: string;
let room: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  search = new SearchStore(database);
});

afterAll(async () => {
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

const found = async (q: string, limit = 50): Promise<string[]> =>
  (await search.find(user, q, limit)).map((row) => row.content);

describe('a search', () => {
  it.each([
    ['one word, in any case', 'SKY'],
    ['several words, in any order', 'blue sky'],
    ['the beginning of the last word', 'sky bl'],
    ['words with punctuation around them', '«sky», blue!'],
    ['a word with accents', 'ÉTOILÉ'],
    ['a word of another script', 'неб'],
    ['the beginning of a word with a hyphen', 'ultra-viol'],
    ['a number', '3.14'],
  ])('finds %s', async (_, q) => {
    const text = 'Why is the Sky so Blue? Ciel étoilé, Синее небо, ultra-violet, 3.14';
    await say(text, 'Something else');
    expect(await found(q)).toEqual([text]);
  });

  it.each([
    ['a message that lacks one of the words', 'sky green'],
    ['the inside of a word', 'lue'],
    ['the beginning of a word that is not the last', 'bl sky'],
    ['letters where LIKE would see a pattern', 'b_ue'],
    ['anything when there is no word in it', '!!! %'],
  ])('does not find %s', async (_, q) => {
    await say('The sky is blue');
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
  });

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
    const [hit] = await search.find(user, 'needle', 50);
    expect(hit?.snippet).toContain('needle & more');
    expect(hit?.snippet.length).toBeLessThan(400);
    expect(hit?.content).toContain(hit!.snippet);
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
          const pages: string[][] = [];
          for (let before: string | undefined; ;) {
            const rows = await search.find(user, 'needle', limit, before);
            pages.push(rows.map((row) => row.id));
            if (rows.length < limit) break;
            before = rows.at(-1)?.id;
          }
          expect(pages.flat()).toEqual(ids.filter((_, index) => hits[index]).reverse());
        },
      ),
      { numRuns: 30 },
    );
  });
});
