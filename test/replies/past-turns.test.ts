import 'reflect-metadata';
import { type PastTurn, PastTurnStore } from '@app/chatroom';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

/** One variant of a reply as it ended. */
interface Variant {
  status: 'completed' | 'cancelled' | 'failed' | 'blocked';
  content: string;
}

const BLANK = ['', ' ', '\n\t', '\u00a0', '\u2003\u3000', '\ufeff', '\u2028'];
const variant = fc.record<Variant>({
  status: fc.constantFrom('completed', 'cancelled', 'failed', 'blocked'),
  content: fc.oneof(fc.constantFrom(...BLANK), fc.constantFrom('An answer', ' half', '界', '\u200b', '\n.')),
});
const exchange = fc.array(variant, { minLength: 1, maxLength: 5 });

let testDatabase: TestDatabase;
let database: Database;
let store: PastTurnStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  store = new PastTurnStore(database);
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** Stores a room with these exchanges, one after the other, and a question after them, whose position it returns. */
async function converse(exchanges: Variant[][]): Promise<{ room: string; end: number }> {
  const [user, room, at] = [uuidv7(), uuidv7(), new Date()];
  await database.prisma.user.create({ data: { id: user, phone: user, chatrooms: { create: { id: room } } } });
  let seq = 0;
  const rows = exchanges.flatMap((variants, index) => {
    const common = { chatroomId: room, createdAt: at, completedAt: at };
    const question = { ...common, id: uuidv7(), seq: ++seq, role: 'user' as const, status: 'completed' as const };
    const replies = variants.map((each, position) => ({
      ...{ ...common, ...each, id: uuidv7(), seq: ++seq, role: 'bot' as const, replyTo: question.id },
      superseded: position < variants.length - 1,
    }));
    return [{ ...question, content: `Question ${index}` }, ...replies];
  });
  await database.prisma.message.createMany({ data: rows });
  return { room, end: seq + 1 };
}

/** What the model is to be shown of the exchanges, computed without SQL. */
function shown(exchanges: Variant[][]): Omit<PastTurn, 'seq'>[] {
  return exchanges
    .map((variants, index) => ({ question: `Question ${index}`, variants: [...variants].reverse() }))
    .filter(({ variants }) => variants[0]?.status !== 'blocked')
    .map(({ question, variants }) => ({
      question,
      files: null,
      answer: variants.find(({ status, content }) => status !== 'blocked' && content.trim() !== '')?.content ?? null,
    }));
}

async function read({ room, end }: { room: string; end: number }): Promise<Omit<PastTurn, 'seq'>[]> {
  const turns: Omit<PastTurn, 'seq'>[] = [];
  for await (const { question, files, answer } of store.turns(room, await store.newest(room, end))) {
    turns.unshift({ question, files, answer });
  }
  return turns;
}

describe('what was said in a room', () => {
  it('is read as the law has it, over any number of pages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(exchange, { maxLength: 50, size: 'max' }), async (exchanges) => {
        expect(await read(await converse(exchanges))).toEqual(shown(exchanges));
      }),
      { numRuns: 40 },
    );
  });

  it('goes on behind a page of nothing but blocked exchanges', async () => {
    const exchanges: Variant[][] = [
      [{ status: 'completed', content: 'The first' }],
      ...Array.from({ length: 45 }, (): Variant[] => [{ status: 'blocked', content: 'Some' }]),
    ];
    expect(await read(await converse(exchanges))).toEqual([
      { question: 'Question 0', files: null, answer: 'The first' },
    ]);
  });
});
