import 'reflect-metadata';
import { ChatroomNotFoundError, ChatroomService, ChatroomStore, ReplyCancellationStore } from '@app/chatroom/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import type { FinalReply } from '@app/gemini/testing';
import { claimReply } from '../support/claim.js';
import { messageAcceptance } from '../support/message-acceptance.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

describe('a room whose replies are being written', () => {
  it('can be deleted at any moment: writers find nothing, and none blocks another', async () => {
    const clock = new SystemClock();
    const { acceptance, replies } = messageAcceptance(database, clock, 10_000);
    const cancellation = new ReplyCancellationStore(database, clock);
    const rooms = new ChatroomService(new ChatroomStore(database, clock));
    const owner = uuidv7();
    await database.prisma.user.create({ data: { id: owner, phone: owner } });
    const cancelled = { status: 'cancelled', content: '', model: null, finishReason: null, usage: null, error: null };

    for (let round = 0; round < 25; round++) {
      const { id } = await rooms.create(owner, {});
      const { reply } = await acceptance.send(owner, id, 'First', null);
      const held = await claimReply(replies, reply.id);
      const outcomes = await Promise.allSettled([
        acceptance.send(owner, id, 'Second', null),
        replies.extend([{ id: reply.id, attempt: held!.attempt, content: 'Half an ans' }]),
        rooms.delete(owner, id),
        replies.finish(held!, cancelled as FinalReply),
        cancellation.cancel(owner, id, reply.id),
        acceptance.send(owner, id, 'Third', null),
      ]);
      const failures = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
      expect(failures.filter((error) => !(error instanceof ChatroomNotFoundError))).toEqual([]);
      expect(await database.prisma.message.count({ where: { chatroomId: id } })).toBe(0);
    }
  });
});
