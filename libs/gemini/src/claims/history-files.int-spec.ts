import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { type MessageFile, PastTurnStore } from '@app/chatroom';
import { FileStoreRegistry } from '@app/file';
import { PostgresqlFileStore } from '@app/file/testing';
import { Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { CatalogueConfig, loadPlanCatalogue } from '@app/subscription';
import { GeminiSandbox } from '../../../../test/support/gemini-sandbox.js';
import { asking, geminiAt } from '../../../../test/support/model/heard.js';
import { plansFile } from '../../../../test/support/plans-file.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/services.js';
import type { ModelTurn } from '../model/language-model.port.js';
import { HistoryService } from './history.service.js';
import { MediaTokensService } from './media-tokens.service.js';
import { MediaTokensStore } from './media-tokens.store.js';
import type { ClaimedReply } from './reply-claim-sql.js';
import { NOT_SHOWN, ShownFilesService } from './shown-files.service.js';

const MODEL = 'gemini-flash-latest';
/** The catalogue's own words for one that takes no sounds. */
const DEAF = 'gemini-deaf';

/** What the sandbox counts for an image. */
const TOKENS_OF_IMAGE = 258;

let sandbox: GeminiSandbox;
let testDatabase: TestDatabase;
let database: Database;
let store: PostgresqlFileStore;
let past: PastTurnStore;
let history: HistoryService;

beforeAll(async () => {
  sandbox = await GeminiSandbox.start();
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  store = new PostgresqlFileStore(database);
  past = new PastTurnStore(database);
  const plans = plansFile(({ models }) => (models[DEAF] = { label: 'Deaf', files: ['image', 'pdf'] }));
  const catalogue = loadPlanCatalogue(Object.assign(new CatalogueConfig(), { PLANS_FILE: plans }));
  const shown = new ShownFilesService(new FileStoreRegistry(store), catalogue);
  const model = geminiAt(sandbox.url, 'generative-ai');
  const media = new MediaTokensService(new MediaTokensStore(database), shown, model);
  history = new HistoryService(past, model, shown, media);
});
afterEach(() => sandbox.reset());
afterAll(async () => {
  await sandbox.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** A file as a test tells of it. */
type FileOf = Partial<Pick<MessageFile, 'mediaType' | 'bytes' | 'store'>> & { stored?: boolean; tokens?: object };

/** A room in which these questions were asked and answered, and the claim of the one that is asked now. */
async function room(questions: { text?: string; files?: FileOf[] }[], historyTokens = 10_000) {
  const [userId, chatroomId, at] = [uuidv7(), uuidv7(), new Date()];
  await database.prisma.user.create({ data: { id: userId, phone: userId, chatrooms: { create: { id: chatroomId } } } });
  const ids: string[] = [];
  let seq = 0;
  for (const { text = 'Hi', files = [] } of questions) {
    const of: MessageFile[] = [];
    for (const each of files) of.push(await upload(userId, each));
    ids.push(...of.map(({ id }) => id));
    const common = { chatroomId, createdAt: at, completedAt: at, status: 'completed' as const };
    const question = { ...common, id: uuidv7(), seq: ++seq, role: 'user' as const, content: text };
    const reply = { ...common, id: uuidv7(), seq: ++seq, role: 'bot' as const, content: 'Yes', replyTo: question.id };
    const snapshot = of.length === 0 ? {} : { files: of };
    await database.prisma.message.createMany({ data: [{ ...question, ...snapshot }, reply] });
  }
  const newestTurns = await past.newest(chatroomId, seq + 1);
  const claim = { userId, chatroomId, newestTurns, model: MODEL, failures: 0, plan: { historyTokens } } as ClaimedReply;
  return { claim, ids };
}

async function upload(userId: string, file: FileOf): Promise<MessageFile> {
  const { mediaType = 'image/png', bytes = 100, stored = bytes < 1_000_000, tokens = {} } = file;
  const row = {
    id: uuidv7(),
    name: 'a',
    mediaType,
    bytes,
    width: null,
    height: null,
    store: file.store ?? 'postgresql',
  };
  await database.prisma.file.create({ data: { ...row, userId, tokens } });
  if (stored) await store.write(row.id, Readable.from([randomBytes(bytes)]), new AbortController().signal);
  return { ...row, createdAt: new Date().toISOString() };
}

const before = (claim: ClaimedReply, model = MODEL, request = {}): Promise<ModelTurn[]> =>
  history.before({ ...claim, model }, asking(request), new AbortController().signal);

const counts = () => sandbox.requests({ method: 'countTokens' });
const questionsOf = (turns: ModelTurn[]) =>
  turns
    .filter(({ role }) => role === 'user')
    .map(({ text, files = [] }) => `${text}${files.map(({ mediaType }) => ` +${mediaType}`).join('')}`);

async function stored(id: string | undefined): Promise<unknown> {
  return (await database.prisma.file.findUniqueOrThrow({ where: { id: id! }, select: { tokens: true } })).tokens;
}

describe('the files of past questions', () => {
  it('are shown, and counted by the model once', async () => {
    const { claim, ids } = await room([{ text: 'A', files: [{}, { mediaType: 'application/pdf' }] }, { text: 'B' }]);
    for (let time = 0; time < 2; time++) {
      const turns = await before(claim);
      expect(questionsOf(turns)).toEqual(['A +image/png +application/pdf', 'B']);
      expect(turns[0]?.files?.map(({ tokens }) => tokens)).toEqual([TOKENS_OF_IMAGE, 258]);
      expect(await counts()).toHaveLength(2);
    }
    expect(await stored(ids[0])).toEqual({ [MODEL]: TOKENS_OF_IMAGE });
    await before(claim, 'gemini-pro-latest');
    expect(await stored(ids[0])).toEqual({ [MODEL]: TOKENS_OF_IMAGE, 'gemini-pro-latest': TOKENS_OF_IMAGE });
  });

  it('cost rooms without any nothing', async () => {
    const { claim } = await room([{ text: 'A' }, { text: 'B' }]);
    expect(questionsOf(await before(claim))).toEqual(['A', 'B']);
    expect(await counts()).toEqual([]);
  });

  it('are dropped with the oldest turns, and none is counted behind the first that does not fit', async () => {
    const { claim, ids } = await room(
      Array.from({ length: 6 }, (_, index) => ({ text: `${index}`, files: [{}] })),
      600,
    );
    expect(questionsOf(await before(claim))).toEqual(['4 +image/png', '5 +image/png']);
    expect(await stored(ids[3])).toEqual({ [MODEL]: TOKENS_OF_IMAGE });
    expect(await stored(ids[2])).toEqual({});
  });

  it('near the limit are added to what the model counts of the texts, which goes without them', async () => {
    const text = 'word '.repeat(100);
    const { claim } = await room([{ text }, { text, files: [{}] }], 500);
    // The text of both and the question are 253 tokens in the sandbox, and 258 the picture: more than 500.
    expect(questionsOf(await before(claim))).toEqual([`${text} +image/png`]);
    const sent = (await counts()).slice(1).flatMap(({ contents }) => contents.flatMap(({ parts = [] }) => parts));
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every((part) => part.text !== undefined)).toBe(true);
  });

  it('that the model does not count are estimated, and asked about again', async () => {
    await sandbox.script({ type: '500' }, { method: 'countTokens' });
    const { claim, ids } = await room([{ text: 'A', files: [{}] }]);
    const turns = await before(claim);
    expect(turns[0]?.files).toMatchObject([{ tokens: 1_120 }]);
    expect(await stored(ids[0])).toEqual({});
  });

  it('are asked about no more once the model has not counted one', async () => {
    await sandbox.script({ type: '503' }, { method: 'countTokens' });
    const { claim } = await room([{ text: 'A', files: [{}, {}, {}] }]);
    expect(questionsOf(await before(claim))).toEqual(['A +image/png +image/png +image/png']);
    expect(await counts()).toHaveLength(1);
  });

  it('that the model refuses are left out, and not sent again', async () => {
    await sandbox.script({ type: '400' }, { method: 'countTokens' });
    const { claim } = await room([{ text: 'A', files: [{}] }]);
    for (let time = 0; time < 2; time++) expect(questionsOf(await before(claim))).toEqual(['A']);
    expect(await counts()).toHaveLength(1);
  });

  it('are counted in a bounded number at a time', async () => {
    const { claim } = await room(
      Array.from({ length: 5 }, () => ({ files: Array.from({ length: 5 }, () => ({ bytes: 5 })) })),
      1_000_000,
    );
    await before(claim);
    expect(await counts()).toHaveLength(20);
    await before(claim);
    expect(await counts()).toHaveLength(25);
  });

  it('that the model does not take, or whose store is not there, are left out', async () => {
    const { claim } = await room([
      { text: 'A', files: [{ mediaType: 'audio/mpeg' }, {}] },
      { text: '', files: [{ mediaType: 'audio/mpeg' }] },
      { text: 'C', files: [{ store: 's3', stored: false }] },
    ]);
    expect(questionsOf(await before(claim, DEAF))).toEqual(['A +image/png', NOT_SHOWN, 'C']);
  });

  it('whose bytes are not there are left out, unless it may be a moment in which the store is away', async () => {
    const { claim } = await room([{ text: 'A', files: [{ stored: false }, {}] }]);
    expect(questionsOf(await before(claim))).toEqual(['A +image/png +image/png']);
    expect(questionsOf(await before({ ...claim, failures: 1 }))).toEqual(['A +image/png']);
  });

  it('are together with those of the question no more than a request can have', async () => {
    const MIB = 1_048_576;
    const known = { tokens: { [MODEL]: 258 }, mediaType: 'application/pdf' };
    const questions = [30, 30, 30].map((size, index) => ({
      text: `${index}`,
      files: [{ ...known, bytes: size * MIB }],
    }));
    const { claim } = await room(questions);
    expect(questionsOf(await before(claim))).toEqual(['1 +application/pdf', '2 +application/pdf']);
    const own = { mediaType: 'image/png', bytes: 15 * MIB, tokens: 1, open: () => Readable.from([]) };
    expect(questionsOf(await before(claim, MODEL, { files: [own] }))).toEqual(['2 +application/pdf']);
  });
});
