import 'reflect-metadata';
import { type ChatroomStore, type MessageAcceptanceStore, readIdempotencyKey } from '@app/chatroom/testing';
import { PastTurnStore } from '@app/chatroom';
import type { ReplyStore } from '@app/gemini/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import type { QuotaLedgerStore } from '@app/subscription';
import fc from 'fast-check';
import { ANSWER } from '../support/replies/answer.js';
import { chatrooms } from '../support/replies/chatrooms.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { insertUser } from '../support/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

const LIMIT = 15;

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let ledger: QuotaLedgerStore;
let replies: ReplyStore;
let rooms: ChatroomStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  database.pool.options.connectionTimeoutMillis = 60_000;
  ({ acceptance, ledger, replies } = messageAcceptance(database, new SystemClock(), LIMIT));
  ({ store: rooms } = chatrooms(database, new SystemClock()));
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

type Kind = 'send' | 'edit' | 'regenerate' | 'fork';

/** An exchange as it stands in the lists. */
interface Exchange {
  question: string;
  reply: string;
}

async function newRoom(userId: string): Promise<string> {
  const id = uuidv7();
  await database.prisma.chatroom.create({ data: { id, userId, title: 'A room', systemInstruction: 'Be brief.' } });
  return id;
}

const messagesOf = (chatroomId: string) =>
  database.prisma.message.findMany({ where: { chatroomId }, orderBy: { seq: 'asc' } });

/** What the room's owner sees: each question with its reply's newest variant. */
async function shown(room: string): Promise<Exchange[]> {
  const visible = (await messagesOf(room)).filter(({ superseded }) => !superseded);
  const exchanges: Exchange[] = [];
  for (let i = 0; i < visible.length; i += 2) {
    const [question, reply] = [visible[i]!, visible[i + 1]!];
    expect([question.role, reply.role, reply.replyTo]).toEqual(['user', 'bot', question.id]);
    exchanges.push({ question: question.id, reply: reply.id });
  }
  return exchanges;
}

/** Answers all that waits, in its order. */
async function answerAll(room: string): Promise<void> {
  for (const { id, completedAt } of await messagesOf(room)) {
    if (completedAt === null)
      await replies.finish((await claimReply(replies, id))!, { ...ANSWER, content: `To ${id}` });
  }
}

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);

/** The copies' texts and states must be those of the originals up to and with the reply. */
async function expectCopy(room: string, copy: string, exchanges: Exchange[]): Promise<void> {
  const originals = await messagesOf(room);
  const wanted = exchanges
    .flatMap(({ question, reply }) => [question, reply])
    .map((id) => originals.find((each) => each.id === id)!)
    .map(({ role, status, content, createdAt, model }, index) => ({
      seq: index + 1,
      role,
      status,
      content,
      createdAt,
      model,
    }));
  const copies = await messagesOf(copy);
  expect(
    copies.map(({ seq, role, status, content, createdAt, model }) => ({
      seq,
      role,
      status,
      content,
      createdAt,
      model,
    })),
  ).toEqual(wanted);
  expect(copies.map(({ replyTo }) => replyTo)).toEqual(copies.map((_, i) => (i % 2 === 0 ? null : copies[i - 1]!.id)));
  // In a search, which goes by ids, copies stand where their originals do.
  const times = copies.map(({ id }) => new Date(parseInt(id.replace('-', '').slice(0, 12), 16)));
  expect(times).toEqual(copies.map(({ createdAt }) => createdAt));
  const { lastSeq } = await database.prisma.chatroom.findUniqueOrThrow({ where: { id: copy } });
  expect(lastSeq).toBe(copies.length);
}

/** Does all of it at once, on what stands last in the room. */
async function doAtOnce(user: string, room: string, kinds: Kind[]): Promise<Record<Kind, string[]>> {
  const { question, reply } = (await shown(room)).at(-1)!;
  const acts: Record<Kind, () => Promise<string>> = {
    send: async () => (await acceptance.send(user, room, 'More', null)).reply.id,
    edit: async () => (await acceptance.edit(user, { chatroomId: room, id: question }, 'Anew', null))!.reply.id,
    regenerate: async () => (await acceptance.regenerate(user, room, reply, null))!.reply.id,
    fork: async () => (await rooms.fork(user, { chatroomId: room, id: reply }))!.room!.id,
  };
  const outcomes = await Promise.all(kinds.map((kind) => acts[kind]().catch(codeOf)));
  const of = (kind: Kind): string[] => outcomes.filter((_, i) => kinds[i] === kind);
  return { send: of('send'), edit: of('edit'), regenerate: of('regenerate'), fork: of('fork') };
}

const isId = (outcome: string): boolean => /^[0-9a-f-]{36}$/.test(outcome);
const accepted = (outcomes: string[]): number => outcomes.filter(isId).length;

describe('edits, forks, sends and regenerations at once', () => {
  const batch = fc.array(fc.constantFrom<Kind>('send', 'edit', 'edit', 'regenerate', 'fork'), {
    minLength: 2,
    maxLength: 8,
  });

  it('leave positions without gaps, an exact quota, and copies of what was shown', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
        const user = await insertUser(database);
        const room = await newRoom(user);
        await acceptance.send(user, room, 'First', null);
        let [spent, positions] = [1, 2];
        for (const kinds of batches) {
          await answerAll(room);
          const before = await shown(room);
          const { send, edit, regenerate, fork } = await doAtOnce(user, room, kinds);

          // Whoever comes after another one finds a later message, or a reply in progress.
          const [sends, edits, variants] = [accepted(send), accepted(edit), accepted(regenerate)];
          expect(edits + variants).toBeLessThanOrEqual(1);
          spent += sends + edits + variants;
          positions += 2 * (sends + edits) + variants;
          const isSpent = [...send, ...edit, ...regenerate].includes('daily_quota_exceeded');
          expect(isSpent ? spent : LIMIT).toBe(LIMIT);
          const refusals = ['not_latest_message', 'not_latest_reply', 'reply_in_progress', 'daily_quota_exceeded'];
          expect(refusals).toEqual(
            expect.arrayContaining([...send, ...edit, ...regenerate].filter((each) => !isId(each))),
          );

          expect((await messagesOf(room)).map(({ seq }) => seq)).toEqual(
            Array.from({ length: positions }, (_, i) => i + 1),
          );
          expect((await database.prisma.chatroom.findUniqueOrThrow({ where: { id: room } })).lastSeq).toBe(positions);
          expect((await ledger.read(user)).used).toBe(spent);
          const after = await shown(room);
          expect(after).toHaveLength(before.length + sends);
          expect(after.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
          expect(accepted(fork)).toBe(fork.length);
          for (const copy of fork) await expectCopy(room, copy, before);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('let one of twenty parallel edits win', async () => {
    const user = await insertUser(database);
    const room = await newRoom(user);
    const { message } = await acceptance.send(user, room, 'First', null);
    await answerAll(room);
    const { edit } = await doAtOnce(user, room, Array<Kind>(20).fill('edit'));
    expect(accepted(edit)).toBe(1);
    expect(edit.filter((each) => each === 'not_latest_message')).toHaveLength(19);
    expect((await ledger.read(user)).used).toBe(2);
    const exchanges = await shown(room);
    expect(exchanges).toHaveLength(1);
    expect(exchanges[0]!.question).not.toBe(message.id);
  });
});

describe('an edit', () => {
  it('is accepted once under its key, also by twenty parallel requests', async () => {
    const user = await insertUser(database);
    const room = await newRoom(user);
    const { message } = await acceptance.send(user, room, 'First', null);
    await answerAll(room);
    const edit = () =>
      acceptance.edit(user, { chatroomId: room, id: message.id }, 'Anew', readIdempotencyKey('edit', [room, 'Anew']));
    const answers = await Promise.all(Array.from({ length: 20 }, edit));
    expect(new Set(answers.map((each) => `${each!.message.id} ${each!.reply.id}`)).size).toBe(1);
    expect(answers.filter((each) => !each!.replayed)).toHaveLength(1);
    expect((await ledger.read(user)).used).toBe(2);
  });

  it('leaves nothing of what it replaces to the model, however often it is made', async () => {
    const user = await insertUser(database);
    const room = await newRoom(user);
    await acceptance.send(user, room, 'First', null);
    await answerAll(room);
    let { message } = await acceptance.send(user, room, 'Second', null);
    for (let i = 0; i < 3; i++) {
      await answerAll(room);
      ({ message } = (await acceptance.edit(user, { chatroomId: room, id: message.id }, `Second, ${i}`, null))!);
    }
    await answerAll(room);
    const turns = await new PastTurnStore(database).newest(room, 1_000);
    expect(turns.map(({ question }) => question)).toEqual(['Second, 2', 'First']);
  });

  it('of what is not there, not the latest, or unanswered is refused, and costs nothing', async () => {
    const user = await insertUser(database);
    const room = await newRoom(user);
    const first = await acceptance.send(user, room, 'First', null);
    const edit = (by: string, id: string) =>
      acceptance.edit(by, { chatroomId: room, id }, 'Anew', null).then((done) => done && 'accepted', codeOf);
    expect(await edit(user, first.message.id)).toBe('reply_in_progress');
    expect(await edit(user, first.reply.id)).toBe('not_latest_message');
    expect(await edit(user, uuidv7())).toBeNull();
    expect(await edit(await insertUser(database), first.message.id)).toBeNull();
    await answerAll(room);
    await acceptance.send(user, room, 'Second', null);
    await answerAll(room);
    expect(await edit(user, first.message.id)).toBe('not_latest_message');
    expect((await ledger.read(user)).used).toBe(2);
  });
});
