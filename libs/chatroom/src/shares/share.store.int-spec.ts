import 'reflect-metadata';
import { Database, DatabaseConfig, MAX_PAGE_BYTES, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import { insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import type { MessageStatus } from '../messages/message.row.js';
import { MAX_SHARES, ShareStore } from './share.store.js';

let testDatabase: TestDatabase;
let database: Database;
let shares: ShareStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  shares = new ShareStore(database, new SystemClock());
});
afterAll(async () => {
  await database?.onApplicationShutdown();
  await testDatabase?.drop();
});

/** A variant of a reply, oldest first. */
type Variant = [status: MessageStatus, content: string];

/** A room with these questions, each with the variants of its reply. */
async function roomOf(
  exchanges: [question: string, ...variants: Variant[]][],
): Promise<{ user: string; room: string }> {
  const user = await insertUser(database);
  const room = uuidv7();
  let seq = 0;
  const now = new Date();
  const messages = exchanges.flatMap(([question, ...variants]) => {
    const id = uuidv7();
    const common = { chatroomId: room, userId: user, createdAt: now };
    return [
      {
        ...common,
        id,
        seq: ++seq,
        role: 'user' as const,
        status: 'completed' as const,
        content: question,
        completedAt: now,
      },
      ...variants.map(([status, content], index) => ({
        ...common,
        ...{ id: uuidv7(), seq: ++seq, role: 'bot' as const, status, content, replyTo: id },
        completedAt: status === 'queued' || status === 'generating' ? null : now,
        superseded: index < variants.length - 1,
      })),
    ];
  });
  await database.prisma.chatroom.create({ data: { id: room, userId: user, title: 'Skies', lastSeq: seq } });
  await database.prisma.message.createMany({ data: messages });
  return { user, room };
}

/** What a new share of the room shows. */
async function shown({ user, room }: { user: string; room: string }): Promise<string[]> {
  const { share } = (await shares.create(user, room))!;
  if (share === null) return [];
  const { messages } = (await shares.read(share.token))!;
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

describe('a share shows', () => {
  it('questions with the newest variant that is finished and has text, and those without one alone', async () => {
    const room = await roomOf([
      ['one', ['completed', 'an old answer'], ['completed', 'a new answer']],
      ['two', ['cancelled', 'half an ans']],
      ['three', ['completed', 'kept'], ['failed', ' \n\u00a0']],
      ['four', ['failed', '']],
      ['five', ['completed', 'before'], ['generating', 'being writ']],
      ['six', ['queued', '']],
    ]);
    const [one, two, three] = ['user: one', 'user: two', 'user: three'];
    const answers = ['bot: a new answer', 'bot: half an ans', 'bot: kept'];
    const rest = ['user: four', 'user: five', 'bot: before', 'user: six'];
    expect(await shown(room)).toEqual([one, answers[0], two, answers[1], three, answers[2], ...rest]);
  });

  it('no exchange that ended blocked, and no text of a blocked variant', async () => {
    const room = await roomOf([
      ['refused', ['blocked', '']],
      ['refused later', ['completed', 'allowed'], ['blocked', 'half of it']],
      ['refused, and asked again', ['blocked', 'half of it'], ['generating', '']],
      ['allowed at last', ['blocked', 'half of it'], ['completed', 'whole']],
      ['allowed, without a text', ['blocked', 'half of it'], ['failed', '']],
    ]);
    expect(await shown(room)).toEqual(['user: allowed at last', 'bot: whole', 'user: allowed, without a text']);
  });

  it('no question that was replaced', async () => {
    const room = await roomOf([
      ['kept', ['completed', 'answer']],
      ['replaced', ['completed', 'to it']],
      ['anew', ['completed', 'new']],
    ]);
    await database.prisma.message.updateMany({
      where: { chatroomId: room.room, seq: { in: [3, 4] } },
      data: { superseded: true },
    });
    expect(await shown(room)).toEqual(['user: kept', 'bot: answer', 'user: anew', 'bot: new']);
  });

  it('the newest exchanges of a long room, up to a bound of text', async () => {
    const text = 'x'.repeat(MAX_PAGE_BYTES / 8);
    const room = await roomOf(Array.from({ length: 20 }, (_, index) => [`question ${index}`, ['completed', text]]));
    const messages = await shown(room);
    expect(messages).toHaveLength(16);
    expect([messages[0], messages.at(-2)]).toEqual(['user: question 12', 'user: question 19']);
  });

  it('a thousand exchanges at most', async () => {
    const room = await roomOf(Array.from({ length: 1_005 }, (_, index) => [`question ${index}`, ['completed', 'yes']]));
    const messages = await shown(room);
    expect([messages.length, messages[0]]).toEqual([2_000, 'user: question 5']);
  });
});

describe('a room', () => {
  it('of which nothing can be shown has no share, and one of somebody else is none', async () => {
    const { user, room } = await roomOf([['refused', ['blocked', '']]]);
    expect(await shares.create(user, room)).toEqual({ held: 0, share: null });
    expect(await shares.create(await insertUser(database), room)).toBeNull();
    expect(await shares.list(user, room, { before: undefined, take: 5 })).toEqual([]);
    expect(await shares.list(await insertUser(database), room, { before: undefined, take: 5 })).toBeNull();
  });

  it('has no more than its number of shares, also for parallel requests', async () => {
    const { user, room } = await roomOf([['one', ['completed', 'answer']]]);
    const created = await Promise.all(Array.from({ length: MAX_SHARES + 10 }, () => shares.create(user, room)));
    expect(created.filter((each) => each?.share === null)).toHaveLength(10);
    expect(await database.prisma.share.count({ where: { chatroomId: room } })).toBe(MAX_SHARES);
    const [newest] = (await shares.list(user, room, { before: undefined, take: 1 }))!;
    expect(await shares.revoke(await insertUser(database), room, newest!.token)).toBeNull();
    expect(await shares.revoke(user, room, newest!.token)).toBe(newest!.id);
    expect((await shares.create(user, room))?.share).not.toBeNull();
  });
});
