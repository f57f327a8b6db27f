import 'reflect-metadata';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { registeredStatements, SystemClock } from '@app/platform/testing';
import fc from 'fast-check';
import { chatrooms } from '../../../../test/support/replies/chatrooms.js';
import { insertMessages, insertUser } from '../../../../test/support/rows.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import type { Rating } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { FeedbackStore } from './feedback.store.js';

let testDatabase: TestDatabase;
let database: Database;
let store: FeedbackStore;
let messages: MessageStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  store = new FeedbackStore(database, new SystemClock());
  messages = new MessageStore(database);
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** A room with a question, a finished reply and an unfinished one. */
async function newRoom() {
  const [user, room] = [await insertUser(database), uuidv7()];
  await database.prisma.chatroom.create({ data: { id: room, userId: user } });
  const [question, reply, unfinished] = await insertMessages(database, room, [
    { content: 'A question?' },
    { role: 'bot', content: 'An answer.' },
    { role: 'bot', content: '', status: 'queued' },
  ]);
  return { user, room, question: question!, reply: reply!, unfinished: unfinished! };
}

const rated = (rating: Rating) => ({ rating, comment: null });

// The first test, so that the row's page has room.
it('touches no index', async () => {
  const { user, room, reply } = await newRoom();
  const { text } = registeredStatements().find(({ name }) => name === 'message_give_feedback')!;
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    const given = await client.query(text, [user, room, reply, '{"rating":"up"}']);
    expect(given.rows).toEqual([expect.objectContaining({ ratingChanged: true })]);
    const { rows } = await client.query(
      `SELECT pg_stat_get_xact_tuples_updated('message'::regclass)::int AS updated,
         pg_stat_get_xact_tuples_hot_updated('message'::regclass)::int AS hot`,
    );
    expect(rows).toEqual([{ updated: 1, hot: 1 }]);
    await client.query('ROLLBACK');
  } finally {
    client.release();
  }
});

it('keeps the last of all that are given at once, each of which sees the one before it', async () => {
  const ratings = fc.array(fc.constantFrom<Rating>('up', 'down'), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(ratings, async (given) => {
      const { user, room, reply } = await newRoom();
      const outcomes = await Promise.all(given.map((rating) => store.give(user, room, reply, rated(rating))));
      const changes = given.filter((_, index) => outcomes[index]?.ratingChanged);
      const stored = (await messages.find(user, room, reply))?.feedback?.rating;
      expect(given).toContain(stored);
      // From none to one, and then from one to the other: the two alternate, and the last one is what is stored.
      const [up, down] = (['up', 'down'] as const).map((rating) => changes.filter((each) => each === rating).length);
      expect(Math.abs(up! - down!)).toBeLessThanOrEqual(1);
      expect(changes.length).toBeGreaterThan(0);
      const last = up! > down! ? ['up'] : up! < down! ? ['down'] : ['up', 'down'];
      expect(last).toContain(stored);
    }),
    { numRuns: 40 },
  );
});

it('changes nothing of what is not a finished reply of the user', async () => {
  const { user, room, question, reply, unfinished } = await newRoom();
  const other = await newRoom();
  expect(await store.give(user, room, question, rated('up'))).toMatchObject({ isReply: false, ratingChanged: false });
  expect(await store.give(user, room, unfinished, rated('up'))).toMatchObject({
    isReply: true,
    isFinished: false,
    ratingChanged: false,
  });
  expect(await store.give(other.user, room, reply, rated('up'))).toBeNull();
  expect(await store.give(user, other.room, reply, rated('up'))).toBeNull();
  expect(await store.give(other.user, other.room, reply, rated('up'))).toBeNull();
  const stored = await database.prisma.message.findMany({ where: { chatroomId: room }, select: { feedback: true } });
  expect(stored.map(({ feedback }) => feedback)).toEqual([null, null, null]);
});

it('counts among the texts by which a page ends, its comments too', async () => {
  const { user, room } = await newRoom();
  const { rooms } = chatrooms(database, new SystemClock());
  const replies = await insertMessages(database, room, Array(100).fill({ role: 'bot', content: '' }));
  const comment = '😀'.repeat(2_000);
  for (const reply of replies) await store.give(user, room, reply, { rating: null, comment });
  const page = await rooms.read(user, room, { limit: 100 });
  const fitting = Math.floor(524_288 / Buffer.byteLength(comment));
  expect(page.messages.map(({ id }) => id)).toEqual(replies.slice(-fitting));
  expect(page.messages.map(({ feedback }) => feedback?.comment)).toEqual(Array(fitting).fill(comment));
  expect(page.nextCursor).not.toBeNull();
});
