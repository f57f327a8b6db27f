import 'reflect-metadata';
import { AccountParticipantService, AccountPlanService } from '@app/auth';
import { AccessTokenConfig, AccountStore, OtpConfig, PersonHashService, SessionStore } from '@app/auth/testing';
import { type FinalReply, type ReplyStore } from '@app/gemini/testing';
import { type BoundStatement, Clock, Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { RetentionTask } from '@app/platform/testing';
import { ErasedQuotaStore, SUBSCRIPTION_RETENTION } from '@app/subscription';
import { newPhone } from '../support/login.js';
import { claimReply } from '../support/replies/claim.js';
import { messageAcceptance } from '../support/replies/message-acceptance.js';
import { type RoomDeletion, startRoomDeletion } from '../support/replies/room-deletion.js';
import { createTestDatabase, type TestDatabase } from '../support/services.js';

class SetClock extends Clock {
  instant = new Date('2026-11-23T12:00:00.000Z');

  override now(): Date {
    return this.instant;
  }
}

const ANSWER: FinalReply = {
  status: 'completed',
  content: 'An answer.',
  model: null,
  finishReason: 'STOP',
  usage: null,
  error: null,
};
const NOON = new Date('2026-11-23T12:00:00.000Z');
const LATE = new Date('2026-11-23T23:59:59.999Z');
const MIDNIGHT = new Date('2026-11-24T00:00:00.000Z');

const clock = new SetClock();
const participants = new AccountParticipantService();
const persons = new PersonHashService(
  new OtpConfig(),
  Object.assign(new AccessTokenConfig(), { JWT_SECRET: 's'.repeat(32) }),
);
let testDatabase: TestDatabase;
let database: Database;
let accounts: AccountStore;
let sessions: SessionStore;
let replies: ReplyStore;
let api: RoomDeletion;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  const kept = new ErasedQuotaStore(database, clock);
  participants.register({
    name: 'subscription',
    export: async () => ({}),
    erase: async () => undefined,
    erasureStatements: (userId, person) => [kept.keep(userId, person)],
    restore: (userId, person) => kept.restore(userId, person),
  });
  const plans = new AccountPlanService();
  plans.register(async () => 'basic');
  accounts = new AccountStore(database, clock, plans, participants, persons);
  sessions = new SessionStore(database);
  ({ replies } = messageAcceptance(database, clock));
  api = await startRoomDeletion(database, clock);
});

beforeEach(() => {
  clock.instant = NOON;
});

afterAll(async () => {
  await api.stop();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

async function signUp(phone: string): Promise<string> {
  await accounts.signUp(phone);
  return (await accounts.findByPhone(phone))!;
}

async function signUpAndVerify(phone: string): Promise<string> {
  const user = await signUp(phone);
  await accounts.verify(user);
  return user;
}

/** As if so many messages had been sent today. */
async function spend(userId: string, used: number): Promise<void> {
  const day = new Date(clock.now().toISOString().slice(0, 10));
  const where = { userId_day: { userId, day } };
  await database.prisma.dailyUsage.upsert({
    where,
    create: { userId, day, used },
    update: { used: { increment: used } },
  });
}

const usedBy = async (user: string): Promise<number> =>
  (await messageAcceptance(database, clock).ledger.read(user)).used;

const erase = (user: string, phone: string, more: BoundStatement[] = []) =>
  sessions.eraseUser(user, [...participants.erasureStatements(user, persons.hash(phone)), ...more]);

const keptFor = (phone: string) =>
  database.prisma.erasedDailyUsage.findMany({ where: { phoneHash: Uint8Array.from(persons.hash(phone)) } });

describe("the day's use of a deleted account", () => {
  it("is the same number's from the next sign-up on, however often, and no other number's", async () => {
    const phone = newPhone();
    for (const before of [0, 2, 4, 6]) {
      const user = await signUpAndVerify(phone);
      expect(await usedBy(user)).toBe(before);
      await spend(user, 2);
      await erase(user, phone);
      expect(await keptFor(phone)).toMatchObject([{ used: before + 2 }]);
    }
    expect(await usedBy(await signUpAndVerify(newPhone()))).toBe(0);
    expect(await usedBy(await signUpAndVerify(phone))).toBe(8);
    expect(await keptFor(phone)).toEqual([]);
  });

  it('is kept once by deletions at the same moment', async () => {
    const phone = newPhone();
    const user = await signUpAndVerify(phone);
    await spend(user, 3);
    await Promise.all(Array.from({ length: 5 }, () => erase(user, phone)));
    expect(await keptFor(phone)).toMatchObject([{ used: 3 }]);
  });

  it('stays with an account whose deletion fails, and is kept once by the next', async () => {
    const phone = newPhone();
    const user = await signUpAndVerify(phone);
    await spend(user, 3);
    const broken = { statement: { name: 'broken', text: 'SELECT 1 / 0' }, values: [] };
    await expect(erase(user, phone, [broken])).rejects.toThrow();
    expect([await usedBy(user), await keptFor(phone)]).toEqual([3, []]);
    await erase(user, phone);
    expect(await keptFor(phone)).toMatchObject([{ used: 3 }]);
  });

  it('goes on while the secret is rotated, whichever replica deletes and whichever logs in', async () => {
    const [OLD, NEW] = ['o'.repeat(32), 'n'.repeat(32)];
    const hashes = (secrets: Partial<OtpConfig>) =>
      new PersonHashService(Object.assign(new OtpConfig(), secrets), new AccessTokenConfig());
    const first = hashes({ OTP_SECRET: OLD, OTP_SECRET_NEXT: NEW });
    const second = hashes({ OTP_SECRET: NEW, OTP_SECRET_PREVIOUS: OLD });
    const phone = newPhone();
    for (const [round, [before, after]] of [[first, second] as const, [second, first] as const].entries()) {
      const user = await signUpAndVerify(phone);
      if (round === 0) await spend(user, 3);
      await sessions.eraseUser(user, participants.erasureStatements(user, before.hash(phone)));
      const again = await signUp(phone);
      const store = new AccountStore(database, clock, new AccountPlanService(), participants, after);
      await store.verify(again).catch(() => undefined);
      expect(await usedBy(again)).toBe(3);
      await erase(again, phone);
    }
  });

  it('waits until someone has proved to own the number, and comes once', async () => {
    const phone = newPhone();
    const user = await signUpAndVerify(phone);
    await spend(user, 3);
    await erase(user, phone);
    const again = await signUp(phone);
    await signUp(phone);
    expect([await usedBy(again), (await keptFor(phone)).length]).toEqual([0, 1]);
    await Promise.all(Array.from({ length: 5 }, () => accounts.verify(again)));
    expect(await usedBy(again)).toBe(3);
    await accounts.verify(again);
    expect(await usedBy(again)).toBe(3);
  });

  it('is no more than was charged, when messages are sent at the moment of the deletion', async () => {
    const { acceptance } = messageAcceptance(database, clock);
    for (let round = 0; round < 10; round++) {
      const phone = newPhone();
      const user = await signUpAndVerify(phone);
      const room = uuidv7();
      await database.prisma.chatroom.create({ data: { id: room, userId: user } });
      const { reply } = await acceptance.send(user, room, 'Answered', null);
      await replies.finish((await claimReply(replies, reply.id))!, ANSWER);
      const key = (n: number) => ({ key: `${room} ${n}`, requestHash: Buffer.alloc(32) });
      const sends = Array.from({ length: 6 }, (_, n) => acceptance.send(user, room, 'At once', key(n)));
      const deletion = api.deletion.deleteAll(user).then(() => erase(user, phone));
      const outcomes = await Promise.allSettled([...sends, deletion]);
      const failures = outcomes.flatMap((each) =>
        each.status === 'rejected' ? [each.reason as { code: string }] : [],
      );
      expect(failures.map(({ code }) => code).filter((code) => !CODES.has(code))).toEqual([]);
      expect(await usedBy(await signUpAndVerify(phone))).toBe(1);
    }
  });
});

const CODES = new Set(['chatroom_not_found', 'daily_quota_exceeded']);

describe('around midnight in UTC', () => {
  it('ends with its day', async () => {
    const phone = newPhone();
    clock.instant = LATE;
    const user = await signUpAndVerify(phone);
    await spend(user, 5);
    await erase(user, phone);
    clock.instant = MIDNIGHT;
    const again = await signUpAndVerify(phone);
    expect(await usedBy(again)).toBe(0);
    await spend(again, 1);
    await erase(again, phone);
    expect(await usedBy(await signUpAndVerify(phone))).toBe(1);
  });

  it("counts for the new day where another replica's clock was ahead", async () => {
    const phone = newPhone();
    clock.instant = MIDNIGHT;
    const user = await signUpAndVerify(phone);
    await spend(user, 4);
    clock.instant = LATE;
    await erase(user, phone);
    clock.instant = MIDNIGHT;
    expect(await usedBy(await signUpAndVerify(phone))).toBe(4);
  });

  it.each(['UTC', 'Pacific/Auckland', 'America/Los_Angeles'])('is deleted then, in the zone %s too', async (zone) => {
    const phone = newPhone();
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    try {
      const user = await signUpAndVerify(phone);
      await spend(user, 5);
      await erase(user, phone);
      const retention = new RetentionTask(SUBSCRIPTION_RETENTION, database, clock);
      clock.instant = LATE;
      await retention.run();
      expect(await keptFor(phone)).toMatchObject([{ used: 5 }]);
      clock.instant = MIDNIGHT;
      await retention.run();
      expect(await keptFor(phone)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});
