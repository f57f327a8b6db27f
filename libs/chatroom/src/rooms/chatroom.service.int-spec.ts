import 'reflect-metadata';
import { boundedPageOf, Database, DatabaseConfig, MAX_PAGE_BYTES, ValidationFailedError } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { plansFile } from '../../../../test/support/plans-file.js';
import { insertMessages, insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import { MAX_SEQ } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { ChatroomNotFoundError, ModelNotInPlanError, TooManyChatroomsError } from './chatroom.errors.js';
import type { ChatroomResponse } from './chatroom.response.js';
import type { ChatroomService } from './chatroom.service.js';

let testDatabase: TestDatabase;
let database: Database;
let rooms: ChatroomService;
let owner: string;
let otherUser: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  ({ rooms } = chatrooms(database, new SystemClock()));
  [owner, otherUser] = await Promise.all([insertUser(database), insertUser(database)]);
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

describe('a new room', () => {
  it('is as it was asked for, and empty', async () => {
    const settings = { thinking: 'low', temperature: 0.5, maxOutputTokens: 100 } as const;
    const wanted = { title: 'Skies 🌤', systemInstruction: 'Be brief.', model: 'gemini-flash-latest', ...settings };
    const room = await rooms.create(owner, wanted);
    expect(room).toEqual({
      ...wanted,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      showThoughts: false,
      search: false,
      pinned: false,
      archived: false,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: room.createdAt,
      lastMessageAt: null,
    });
    expect(await rooms.read(owner, room.id, { limit: 50 })).toEqual({ ...room, messages: [], nextCursor: null });
  });

  it('has neither name nor instruction nor model of its own unless it is given some', async () => {
    expect(await rooms.create(owner, {})).toMatchObject({ title: null, systemInstruction: null, model: null });
  });
});

describe("a plan's number of rooms", () => {
  const limited = (maxChatrooms: number) =>
    chatrooms(database, new SystemClock(), {
      PLANS_FILE: plansFile(({ plans }) => (plans.basic.maxChatrooms = maxChatrooms)),
    }).rooms;
  const countOf = (userId: string) => database.prisma.chatroom.count({ where: { userId } });

  it.each([3, 150])('is exact under parallel requests: %p', async (limit) => {
    const user = await insertUser(database);
    const attempts = Array.from({ length: limit + 20 }, () => limited(limit).create(user, {}));
    const failures = (await Promise.allSettled(attempts)).flatMap((each) =>
      each.status === 'rejected' ? [each.reason as unknown] : [],
    );
    expect(failures).toHaveLength(20);
    expect(failures.every((error) => error instanceof TooManyChatroomsError)).toBe(true);
    expect(await countOf(user)).toBe(limit);
  });

  it('has a place again when a room is deleted', async () => {
    const user = await insertUser(database);
    const { id } = await limited(1).create(user, {});
    await expect(limited(1).create(user, {})).rejects.toThrow(TooManyChatroomsError);
    await database.prisma.chatroom.delete({ where: { id } });
    expect(await limited(1).create(user, { title: 'Another' })).toMatchObject({ title: 'Another', pinned: false });
  });

  it('takes no room away from a user who has more', async () => {
    const user = await insertUser(database);
    const kept = [await limited(3).create(user, {}), await limited(3).create(user, {})];
    await expect(limited(1).create(user, {})).rejects.toThrow(TooManyChatroomsError);
    expect(await countOf(user)).toBe(2);
    expect(await limited(1).update(user, kept[0]!.id, { title: 'Still here' })).toMatchObject({ title: 'Still here' });
  });
});

describe("a room's model", () => {
  const DEAR = 'gemini-dear';
  const withDear = () =>
    chatrooms(database, new SystemClock(), {
      PLANS_FILE: plansFile(({ models, plans }) => {
        models[DEAR] = { label: 'Dear' };
        models['gemini-retired'] = { label: 'In no plan any more' };
        plans.pro.models.push(DEAR);
      }),
    }).rooms;
  const attempts: [string, (userId: string, model: string) => Promise<ChatroomResponse>][] = [
    ['creating it', (userId, model) => withDear().create(userId, { model })],
    [
      'changing it',
      async (userId, model) => {
        const { id } = await withDear().create(userId, {});
        return withDear().update(userId, id, { model });
      },
    ],
  ];
  const proUser = async () => {
    const userId = await insertUser(database);
    await database.prisma.subscription.create({ data: { userId, stripeCustomerId: `cus_${userId}`, plan: 'pro' } });
    return userId;
  };

  it.each(attempts)("has to be in the user's plan when %s", async (_, attempt) => {
    await expect(attempt(await insertUser(database), DEAR)).rejects.toThrow(ModelNotInPlanError);
    expect(await attempt(await proUser(), DEAR)).toMatchObject({ model: DEAR });
  });

  it.each(attempts)('has to be on offer when %s', async (_, attempt) => {
    for (const model of ['gemini-unheard-of', 'gemini-retired']) {
      const errors = [{ pointer: '/model', detail: 'must be on offer, see GET /models' }];
      await expect(attempt(await proUser(), model)).rejects.toMatchObject({ code: 'validation_failed', errors });
    }
  });
});

describe('a change', () => {
  it('touches what it names, and nothing else', async () => {
    const wanted = { title: 'Before', systemInstruction: 'Be brief.', model: 'gemini-flash-latest' };
    const room = await rooms.create(owner, wanted);
    const archived = await rooms.update(owner, room.id, { pinned: true, archived: true });
    expect(archived).toEqual({ ...room, pinned: true, archived: true, updatedAt: archived.updatedAt });
    const renamed = await rooms.update(owner, room.id, { title: 'After', archived: false });
    expect(renamed).toEqual({ ...archived, title: 'After', archived: false, updatedAt: renamed.updatedAt });
  });

  it('that names nothing leaves the room as it is', async () => {
    const room = await rooms.create(owner, { title: 'Same' });
    expect(await rooms.update(owner, room.id, {})).toEqual(room);
  });

  it('can take away the instruction and the model', async () => {
    const room = await rooms.create(owner, { systemInstruction: 'Be brief.', model: 'gemini-flash-latest' });
    expect(await rooms.update(owner, room.id, { systemInstruction: null })).toMatchObject({
      systemInstruction: null,
      model: 'gemini-flash-latest',
    });
    expect(await rooms.update(owner, room.id, { model: null })).toMatchObject({ model: null });
  });
});

describe("somebody else's room", () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ['read', (id) => rooms.read(otherUser, id, { limit: 50 })],
    ['changed', (id) => rooms.update(otherUser, id, { title: 'Mine' })],
    ['left as it is', (id) => rooms.update(otherUser, id, {})],
  ])('cannot be %s: it looks as if it were not there', async (_, attempt) => {
    const room = await rooms.create(owner, { title: 'Private' });
    await insertMessages(database, room.id, [{ content: 'secret' }]);
    await expect(attempt(room.id)).rejects.toThrow(ChatroomNotFoundError);
    expect(await rooms.read(owner, room.id, { limit: 50 })).toMatchObject({
      title: 'Private',
      messages: [{ content: 'secret' }],
    });
  });
});

describe('a conversation', () => {
  it('shows the newest messages, oldest first, and leads back to its beginning without gaps or repeats', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        async (superseded, limit) => {
          const { id } = await rooms.create(owner, {});
          const wanted = superseded.map((isSuperseded) => ({ role: 'bot' as const, superseded: isSuperseded }));
          const ids = await insertMessages(database, id, wanted);
          const visible = ids.filter((_, index) => superseded[index] === false);

          const pages: string[][] = [];
          for (let cursor: string | undefined; ;) {
            const page = await rooms.read(owner, id, { limit, ...(cursor === undefined ? {} : { cursor }) });
            pages.unshift(page.messages.map((message) => message.id));
            if (page.nextCursor === null) break;
            cursor = page.nextCursor;
          }
          expect(pages.flat()).toEqual(visible);
          expect(pages.at(-1)).toHaveLength(Math.min(limit, visible.length));
          expect(pages.slice(1).every((page) => page.length === limit)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('has pages of bounded size, with one message at least, and leads back to its beginning all the same', async () => {
    const { id } = await rooms.create(owner, {});
    const long = { content: '字'.repeat(32_000) };
    const tooLong = { content: 'x'.repeat(MAX_PAGE_BYTES + 1) };
    const ids = await insertMessages(database, id, [...Array<object>(30).fill(long), tooLong, {}, long, tooLong]);
    const pages: number[] = [];
    const seen: string[] = [];
    let longest = 0;
    for (let cursor: string | undefined; ;) {
      const page = await rooms.read(owner, id, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      const bytes = page.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
      if (page.messages.length > 1) longest = Math.max(longest, bytes);
      pages.push(page.messages.length);
      seen.unshift(...page.messages.map((message) => message.id));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
    expect(longest).toBeLessThanOrEqual(MAX_PAGE_BYTES);
    expect(pages).toEqual([1, 2, 1, 5, 5, 5, 5, 5, 5]);
  });

  it.each<[string, object]>([
    ['thoughts', { thoughts: 'x'.repeat(200_000) }],
    ['sources', { grounding: { sources: [{ title: 'x'.repeat(200_000), uri: '', ranges: [] }], searchQueries: [] } }],
    ['files', { files: Array.from({ length: 100 }, (_, index) => ({ id: String(index), name: 'x'.repeat(2_000) })) }],
  ])('counts %s for the size of its pages', async (_, large) => {
    const { id } = await rooms.create(owner, {});
    await insertMessages(database, id, [...Array<object>(5).fill(large), {}, {}]);
    const sizes: number[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await rooms.read(owner, id, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      sizes.push(page.messages.length);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(sizes).toEqual([4, 2, 1]);
  });

  it('has pages of bounded size of the variants of a reply, too', async () => {
    const { id } = await rooms.create(owner, {});
    const [question = ''] = await insertMessages(database, id, [{}]);
    const variants = await insertMessages(
      database,
      id,
      Array<object>(20).fill({ role: 'bot', content: 'x'.repeat(100_000) }),
    );
    await database.prisma.message.updateMany({ where: { id: { in: variants } }, data: { replyTo: question } });
    const store = new MessageStore(database);
    const seen: string[] = [];
    for (let before = MAX_SEQ; ;) {
      const rows = await store.findVariants(owner, id, question, 101, before);
      const { items, nextCursor } = boundedPageOf(100, rows, ({ seq }) => ({ seq }));
      expect(items.every(({ content }) => content.length === 100_000)).toBe(true);
      // Texts beyond the page are not fetched.
      expect(rows.slice(items.length).every(({ content }) => (content as string | null) === null)).toBe(true);
      seen.push(...items.map((item) => item.id));
      if (nextCursor === null) break;
      expect(items).toHaveLength(5);
      before = items.at(-1)!.seq;
    }
    expect(seen).toEqual(variants.toReversed());
    expect(await store.findVariants(otherUser, id, question, 101, MAX_SEQ)).toEqual([]);
  });

  it('refuses a cursor that it did not give', async () => {
    const { id } = await rooms.create(owner, {});
    await expect(rooms.read(owner, id, { limit: 50, cursor: 'nonsense' })).rejects.toThrow(ValidationFailedError);
  });
});
