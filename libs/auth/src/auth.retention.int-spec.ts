import 'reflect-metadata';
import { Clock, Database, DatabaseConfig, uuidv7 } from '@app/platform';
import { RetentionTask } from '@app/platform/testing';
import { createTestDatabase, type TestDatabase } from '../../../test/support/services.js';
import { AUTH_RETENTION } from './auth.retention.js';

const HOUR_MS = 3_600_000;

/** A clock that stands still. */
class StandingClock extends Clock {
  readonly instant = new Date();

  override now(): Date {
    return this.instant;
  }

  /** The instant so many hours ago. */
  ago(hours: number): Date {
    return new Date(this.instant.getTime() - hours * HOUR_MS);
  }
}

const clock = new StandingClock();
let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
});

afterEach(async () => {
  await database.prisma.user.deleteMany();
  await database.prisma.revokedSession.deleteMany();
});

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

/** One round of so many workers at once. */
const expire = (workers = 1) =>
  Promise.all(Array.from({ length: workers }, () => new RetentionTask(AUTH_RETENTION, database, clock).run()));

let people = 0;

async function newUser({ verified, hoursOld = 0 }: { verified: boolean; hoursOld?: number }): Promise<string> {
  const id = uuidv7();
  const verifiedAt = verified ? clock.now() : null;
  const phone = `+1415${2_000_000 + people++}`;
  await database.prisma.user.create({ data: { id, phone, createdAt: clock.ago(hoursOld), verifiedAt } });
  return id;
}

function newSession(userId: string, expiresAt: Date) {
  const id = uuidv7();
  const hashes = { familyHash: Buffer.from(id), refreshHash: Buffer.from(id) };
  return database.prisma.session.create({ data: { id, userId, ...hashes, expiresAt, absoluteExpiresAt: expiresAt } });
}

const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).sort();

describe('the retention of accounts and sessions', () => {
  it('removes sign-ups that were not verified within a day, and no other account', async () => {
    const young = await newUser({ verified: false, hoursOld: 23 });
    await newUser({ verified: false, hoursOld: 25 });
    const verified = await newUser({ verified: true, hoursOld: 25 });
    await expire();
    expect(ids(await database.prisma.user.findMany())).toEqual([young, verified].sort());
  });

  it('removes sessions that have expired', async () => {
    const userId = await newUser({ verified: true });
    const { id } = await newSession(userId, clock.ago(-1));
    await newSession(userId, clock.ago(1));
    await expire();
    expect(ids(await database.prisma.session.findMany())).toEqual([id]);
  });

  it('removes revocations when no token of the session can be valid any more', async () => {
    const recent = uuidv7();
    await database.prisma.revokedSession.createMany({
      data: [
        { id: recent, revokedAt: clock.ago(1) },
        { id: uuidv7(), revokedAt: clock.ago(3) },
      ],
    });
    await expire();
    expect(ids(await database.prisma.revokedSession.findMany())).toEqual([recent]);
  });

  it('is shared by several workers, batch by batch, without conflict', async () => {
    const userId = await newUser({ verified: true });
    await database.pool.query(
      `INSERT INTO session (id, user_id, family_hash, refresh_hash, expires_at, absolute_expires_at)
       SELECT gen_random_uuid(), $1, int4send(n), int4send(n), $2, $2 FROM generate_series(1, 5500) n`,
      [userId, clock.ago(1)],
    );
    await expire(4);
    expect(await database.prisma.session.count()).toBe(0);
  });
});
