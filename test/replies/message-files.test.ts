import 'reflect-metadata';
import { FILE_RETENTION } from '@app/file';
import { type MessageAcceptanceStore, readIdempotencyKey } from '@app/chatroom/testing';
import { Database, DatabaseConfig, uuidv7, type ValidationFailedError } from '@app/platform';
import { SystemClock } from '@app/platform/testing';
import type { QuotaLedgerStore } from '@app/subscription';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { plansFile } from '../support/plans-file.js';
import { insertUser } from '../support/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

/** The default model takes no sound, and only Pro has the one that takes nothing but sound. */
const PLANS = plansFile(({ models, plans }) => {
  models['gemini-flash-latest']!.files = ['image', 'pdf', 'text'];
  models['ear'] = { label: 'Ear', files: ['audio'] };
  plans.pro.models.push('ear');
  Object.assign(plans.basic, { filesPerMessage: 3, maxMessageCharacters: 20 });
});

interface FileOverrides {
  mediaType?: string;
  bytes?: number;
  deleteAfter?: Date | null;
}

let testDatabase: TestDatabase;
let database: Database;
let acceptance: MessageAcceptanceStore;
let ledger: QuotaLedgerStore;
let user: string;
let room: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  database.pool.options.connectionTimeoutMillis = 60_000;
  ({ acceptance, ledger } = messageAcceptance(database, new SystemClock(), 5, 100, PLANS));
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});
beforeEach(async () => {
  user = await insertUser(database);
  room = await newRoom();
});

async function newRoom(model?: string): Promise<string> {
  const id = uuidv7();
  await database.prisma.chatroom.create({ data: { id, userId: user, ...(model !== undefined && { model }) } });
  return id;
}

/** A file that no message has, as an upload leaves it. */
async function newFile(overrides: FileOverrides = {}, userId = user): Promise<string> {
  const id = uuidv7();
  const file = { name: `${id}.png`, mediaType: 'image/png', bytes: 1_000, width: 3, height: 2, store: 'postgresql' };
  const deleteAfter = new Date(Date.now() + 3_600_000);
  await database.prisma.file.create({ data: { id, userId, ...file, deleteAfter, ...overrides } });
  return id;
}

const send = (files: string[], content = 'What is it?', into = room) =>
  acceptance.send(user, into, content, null, files);

interface Refusal {
  code?: string;
  errors?: { pointer: string; detail: string }[];
}
/** What stands against it: a code, and where the request is at fault. */
const refusalOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: Refusal) => (error.code === 'validation_failed' ? (error as ValidationFailedError).errors : error.code),
  );

const deleteAfterOf = async (id: string) =>
  (await database.prisma.file.findUnique({ where: { id }, select: { deleteAfter: true } }))?.deleteAfter;
const holdersOf = (fileId: string) => database.prisma.messageFile.count({ where: { fileId } });
const used = async () => (await ledger.read(user)).used;
const stored = async (id: string) =>
  (await database.prisma.message.findFirstOrThrow({ where: { id }, select: { files: true } })).files;
const finish = (id: string) =>
  database.pool.query(
    "UPDATE message SET status = 'completed', completed_at = now(), due_at = NULL, next_enqueue_at = NULL WHERE id = $1",
    [id],
  );
const retain = () => database.run(FILE_RETENTION[0]!.statement, [new Date()]);

describe('a message with files', () => {
  it('has them in the order of the request, and they stay as long as it', async () => {
    const [first, second] = [await newFile(), await newFile({ mediaType: 'application/pdf', bytes: 5 })];
    const { message, reply } = await send([second, first], '');
    const common = { width: 3, height: 2, store: 'postgresql', createdAt: expect.stringMatching(/T.*\.\d{3}Z$/) };
    const files = [
      { id: second, name: `${second}.png`, mediaType: 'application/pdf', bytes: 5, ...common },
      { id: first, name: `${first}.png`, mediaType: 'image/png', bytes: 1_000, ...common },
    ];
    expect([message.content, message.files, reply.files]).toEqual(['', files, null]);
    expect(await stored(message.id)).toEqual(files);
    const { createdAt } = await database.prisma.file.findUniqueOrThrow({ where: { id: second } });
    expect(message.files![0]!.createdAt).toBe(createdAt.toISOString());
    expect([await deleteAfterOf(first), await deleteAfterOf(second), await used()]).toEqual([null, null, 1]);
    expect(await database.prisma.messageFile.findMany({ where: { chatroomId: room } })).toHaveLength(2);
  });

  it.each<[string, unknown, () => Promise<string[]>]>([
    ['of someone else', 'file_not_found', async () => [await newFile({}, await insertUser(database))]],
    ['that is not there, beside one that is', 'file_not_found', async () => [await newFile(), uuidv7()]],
    ['that has expired', 'file_not_found', async () => [await newFile({ deleteAfter: new Date(Date.now() - 1) })]],
    [
      'of a kind that the model takes not',
      'model_cannot_take_file',
      async () => [await newFile({ mediaType: 'audio/wav' })],
    ],
    [
      'of which there are too many',
      [{ pointer: '/files', detail: 'must have at most 3 files' }],
      () => Promise.all([1, 2, 3, 4].map(() => newFile())),
    ],
    [
      'that are too large together',
      [{ pointer: '/files', detail: 'must have at most 73400320 bytes together, and a PDF at most 50000000' }],
      () => Promise.all([1, 2].map(() => newFile({ bytes: 40_000_000 }))),
    ],
    [
      'that is too large a PDF',
      [{ pointer: '/files', detail: 'must have at most 73400320 bytes together, and a PDF at most 50000000' }],
      async () => [await newFile({ mediaType: 'application/pdf', bytes: 50_000_001 })],
    ],
  ])('%s is refused before its length is looked at, and nothing is charged or stored', async (_, refusal, files) => {
    const ids = await files();
    const before = await database.prisma.file.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
    expect(await refusalOf(send(ids, 'x'.repeat(40_000)))).toEqual(refusal);
    expect(await refusalOf(acceptance.send(user, uuidv7(), 'Hi', null, ids))).toBe('chatroom_not_found');
    expect([await used(), await database.prisma.message.count({ where: { chatroomId: room } })]).toEqual([0, 0]);
    expect(await database.prisma.messageFile.count({ where: { fileId: { in: ids } } })).toBe(0);
    expect(await database.prisma.file.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } })).toEqual(before);
  });

  it('is refused for its length before the quota, and for the quota last', async () => {
    const file = await newFile();
    expect(await refusalOf(send([file], 'x'.repeat(21)))).toEqual([
      { pointer: '/content', detail: 'must have at most 20 characters' },
    ]);
    for (let sent = 0; sent < 5; sent++) await send([]);
    expect(await refusalOf(send([file], 'x'.repeat(21)))).toMatchObject([{ pointer: '/content' }]);
    expect(await refusalOf(send([file]))).toBe('daily_quota_exceeded');
    expect([await holdersOf(file), await deleteAfterOf(file)]).toEqual([0, expect.any(Date)]);
  });

  it("is asked of the room's model only if the plan has it", async () => {
    const [sound, picture] = [await newFile({ mediaType: 'audio/mpeg' }), await newFile()];
    const ear = await newRoom('ear');
    expect(await refusalOf(send([sound], 'Hi', ear))).toBe('model_cannot_take_file');
    expect(await refusalOf(send([picture], 'Hi', ear))).toBe('accepted');
    await database.prisma.subscription.create({
      data: {
        userId: user,
        stripeCustomerId: `cus_${user}`,
        plan: 'pro',
        planExpiresAt: new Date(Date.now() + 3_600_000),
      },
    });
    expect(await refusalOf(send([sound], 'Hi', ear))).toBe('accepted');
    expect(await refusalOf(send([picture], 'Hi', ear))).toBe('model_cannot_take_file');
  });

  it('is charged exactly, however many are sent at once with the same files', async () => {
    const files = await Promise.all([1, 2, 3].map(() => newFile()));
    const rooms = await Promise.all([1, 2, 3, 4].map(() => newRoom()));
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        refusalOf(send(index % 2 === 0 ? files : files.toReversed(), 'Hi', rooms[index % 4])),
      ),
    );
    expect(outcomes.filter((each) => each === 'accepted')).toHaveLength(5);
    expect(outcomes.filter((each) => each === 'daily_quota_exceeded')).toHaveLength(35);
    expect([await used(), await holdersOf(files[0]!)]).toEqual([5, 5]);
  });

  it('comes again with its files under its key, also when they would be refused by now', async () => {
    const file = await newFile();
    const key = readIdempotencyKey('once', [room, 'Hi', [file]]);
    const first = await acceptance.send(user, room, 'Hi', key, [file]);
    await database.prisma.file.update({ where: { id: file }, data: { mediaType: 'audio/wav' } });
    const again = await acceptance.send(user, room, 'Hi', key, [file]);
    expect([again.replayed, again.message]).toEqual([true, first.message]);
    expect(await used()).toBe(1);
    const other = readIdempotencyKey('once', [room, 'Hi']);
    expect(await refusalOf(acceptance.send(user, room, 'Hi', other))).toBe('idempotency_key_reused');
  });
});

describe('an edit', () => {
  it('keeps the files of the question unless it names others', async () => {
    const [first, second] = [await newFile(), await newFile()];
    let { message, reply } = await send([second, first]);
    const { files } = message;
    const edit = async (content: string, named?: string[]) => {
      await finish(reply.id);
      ({ message, reply } = (await acceptance.edit(user, { chatroomId: room, id: message.id }, content, null, named))!);
      expect(await stored(message.id)).toEqual(message.files);
      return message.files;
    };
    expect(await edit('Anew')).toEqual(files);
    expect((await edit('', [first]))?.map(({ id }) => id)).toEqual([first]);
    expect(await edit('None', [])).toBeNull();
    expect(await edit('None still')).toBeNull();
    expect([await used(), await holdersOf(first), await holdersOf(second)]).toEqual([5, 3, 2]);
  });

  it('is refused for its files after what stands against the message, and before its length', async () => {
    const sent = await send([]);
    const foreign = await newFile({}, await insertUser(database));
    const edit = (files: string[] | null, id = sent.message.id) =>
      refusalOf(acceptance.edit(user, { chatroomId: room, id }, 'x'.repeat(40_000), null, files));
    expect(await edit([foreign])).toBe('reply_in_progress');
    await finish(sent.reply.id);
    expect(await edit([foreign])).toBe('file_not_found');
    expect(await edit([foreign], sent.reply.id)).toBe('not_latest_message');
    expect(await refusalOf(acceptance.edit(user, { chatroomId: room, id: uuidv7() }, 'Hi', null, [foreign]))).toBe(
      'accepted',
    );
    expect(await edit([await newFile()])).toMatchObject([{ pointer: '/content' }]);
    expect(await used()).toBe(1);
  });

  it('is refused where its model takes the kept files no more', async () => {
    const { message, reply } = await send([await newFile()]);
    await finish(reply.id);
    await database.prisma.subscription.create({
      data: {
        userId: user,
        stripeCustomerId: `cus_${user}`,
        plan: 'pro',
        planExpiresAt: new Date(Date.now() + 3_600_000),
      },
    });
    await database.prisma.chatroom.update({ where: { id: room }, data: { model: 'ear' } });
    const edited = acceptance.edit(user, { chatroomId: room, id: message.id }, 'Anew', null);
    expect(await refusalOf(edited)).toBe('model_cannot_take_file');
    expect(await used()).toBe(1);
  });
});

describe('a file that expires', () => {
  it('either is not found or stays, when it is sent while the retention deletes', async () => {
    for (let round = 0; round < 20; round++) {
      const file = await newFile({ deleteAfter: new Date(Date.now() + Math.random() * 20) });
      const own = await newRoom();
      const retention = async (): Promise<void> => {
        for (let time = 0; time < 8; time++) await retain();
      };
      const [outcome] = await Promise.all([refusalOf(acceptance.send(user, own, 'Hi', null, [file])), retention()]);
      if (outcome === 'daily_quota_exceeded') user = await insertUser(database);
      expect(['accepted', 'file_not_found', 'daily_quota_exceeded']).toContain(outcome);
      const [holders, isThere] = [await holdersOf(file), (await deleteAfterOf(file)) === null];
      expect([holders, isThere]).toEqual(outcome === 'accepted' ? [1, true] : [0, false]);
    }
  });
});
