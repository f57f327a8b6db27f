import 'reflect-metadata';
import {
  Clock,
  Database,
  DatabaseConfig,
  Metrics,
  RedisClient,
  RedisConfig,
  RedisSubscriber,
  uuidv7,
} from '@app/platform';
import { JwtService } from '@nestjs/jwt';
import fc from 'fast-check';
import { eventually } from '../../../../test/support/eventually.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { AuthMetrics } from '../auth.metrics.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { AccessTokenService } from '../token/access-token.service.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionConfig } from './session.config.js';
import { RefreshTokenReusedError } from './session.errors.js';
import { SessionService } from './session.service.js';
import { SessionStore } from './session.store.js';

class HandClock extends Clock {
  private ms = Date.now();

  override now(): Date {
    return new Date(this.ms);
  }

  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

const CLIENT = { ip: '203.0.113.7', userAgent: 'test' };
const DAY = 86_400;

let testDatabase: TestDatabase;
let database: Database;
let redis: RedisClient;
let subscriber: RedisSubscriber;
let revocations: SessionRevocationService;
let sessions: SessionService;
let clock: HandClock;
let userId: string;

const config = Object.assign(new SessionConfig(), {
  SESSION_IDLE_SECONDS: 10 * DAY,
  SESSION_ABSOLUTE_SECONDS: 25 * DAY,
  REFRESH_GRACE_SECONDS: 60,
});

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { host, port, db } = await testRedis();
  const redisConfig = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  const accessConfig = Object.assign(new AccessTokenConfig(), { JWT_SECRET: 'x'.repeat(32) });
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  redis = new RedisClient(redisConfig);
  subscriber = new RedisSubscriber(redisConfig);
  await eventually(() => redis.status === 'ready');
  const store = new SessionStore(database);
  revocations = new SessionRevocationService(store, redis, subscriber, accessConfig);
  revocations.onApplicationBootstrap();
  clock = new HandClock();
  const tokens = new AccessTokenService(new JwtService(), accessConfig);
  sessions = new SessionService(
    store,
    revocations,
    tokens,
    clock,
    new AuthMetrics(new Metrics()),
    config,
    accessConfig,
  );
  userId = uuidv7();
  await database.prisma.user.create({ data: { id: userId, phone: '+14155550123' } });
});

afterAll(async () => {
  revocations.onApplicationShutdown();
  subscriber.onApplicationShutdown();
  redis.onApplicationShutdown();
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

const open = async () => {
  const tokens = await sessions.open(userId, CLIENT);
  if (tokens === null) throw new Error('The user no longer exists');
  return tokens.refreshToken;
};
const refresh = async (token: string) => (await sessions.refresh(token, CLIENT)).refreshToken;

/** What a refresh brought. */
function kindOf(outcome: string | Error, given: string[]): string {
  if (outcome instanceof RefreshTokenReusedError) return 'reused';
  if (outcome instanceof UnauthenticatedError) return 'unauthenticated';
  if (outcome instanceof Error) throw outcome;
  if (!given.includes(outcome)) return 'new';
  return outcome === given.at(-1) ? 'newest' : 'older';
}

describe('a refresh token', () => {
  it('is replaced by another one', async () => {
    const first = await open();
    expect(await refresh(first)).not.toBe(first);
  });

  it('brings the same successor again while the answer may have been lost', async () => {
    const first = await open();
    const second = await refresh(first);
    clock.advance(config.REFRESH_GRACE_SECONDS);
    expect(await refresh(first)).toBe(second);
  });

  it('brings the same successor to all of 20 refreshes at once, and that one works', async () => {
    const first = await open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first)));
    expect(new Set(answers).size).toBe(1);
    await expect(refresh(answers[0]!)).resolves.toEqual(expect.any(String));
  });

  it('ends the session when it comes back after its successor was used', async () => {
    const first = await open();
    const second = await refresh(first);
    const third = await refresh(second);
    await expect(refresh(first)).rejects.toThrow(RefreshTokenReusedError);
    await expect(refresh(third)).rejects.toThrow(UnauthenticatedError);
  });

  it('ends the session when it comes back after the grace', async () => {
    const first = await open();
    const second = await refresh(first);
    clock.advance(config.REFRESH_GRACE_SECONDS + 1);
    await expect(refresh(first)).rejects.toThrow(RefreshTokenReusedError);
    await expect(refresh(second)).rejects.toThrow(UnauthenticatedError);
  });

  it('is refused, and nothing ends, when it was never given out', async () => {
    const real = await open();
    const [otherFamily] = [await open()];
    await expect(refresh(otherFamily.slice(0, 20) + real.slice(20))).rejects.toThrow(UnauthenticatedError);
    await expect(refresh('nonsense')).rejects.toThrow(UnauthenticatedError);
    await expect(refresh(real)).resolves.toEqual(expect.any(String));
  });

  it('is good for the idle time after the last refresh', async () => {
    const first = await open();
    clock.advance(9 * DAY);
    const second = await refresh(first);
    clock.advance(9 * DAY);
    const third = await refresh(second);
    clock.advance(10 * DAY);
    await expect(refresh(third)).rejects.toThrow(UnauthenticatedError);
  });

  it('is good until the absolute end of the session, however busy it is', async () => {
    let token = await open();
    for (let day = 8; day <= 24; day += 8) {
      clock.advance(8 * DAY);
      token = await refresh(token);
    }
    const { refreshExpiresIn } = await sessions.refresh(token, CLIENT);
    expect(refreshExpiresIn).toBe(DAY);
    clock.advance(DAY);
    await expect(refresh(token)).rejects.toThrow(UnauthenticatedError);
  });

  it('behaves so in any order of refreshes, repetitions and pauses', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ age: 0, pause: 0 }) },
      { weight: 3, arbitrary: fc.constant({ age: 1, pause: 0 }) },
      fc.constant({ age: 2, pause: 0 }),
      fc.record({ age: fc.constantFrom(0, 1), pause: fc.constantFrom(30, 61) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const given = [await open()];
        let sinceRotation = 0;
        let alive = true;
        for (const { age, pause } of steps) {
          clock.advance(pause);
          sinceRotation += pause;
          const token = given.at(-1 - age);
          if (token === undefined) continue;
          const graceful = age === 1 && sinceRotation <= config.REFRESH_GRACE_SECONDS;
          const expected: string = !alive ? 'unauthenticated' : age === 0 ? 'new' : graceful ? 'newest' : 'reused';
          const outcome = await refresh(token).catch((error: Error) => error);
          expect(kindOf(outcome, given)).toBe(expected);
          alive &&= expected !== 'reused';
          if (expected === 'new') {
            given.push(outcome as string);
            sinceRotation = 0;
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('an ended session', () => {
  it('is told from one of another user', async () => {
    const { id } = await database.prisma.session.findFirstOrThrow({ where: { userId } });
    expect(await revocations.revoke(id, uuidv7())).toBe(false);
    expect(await revocations.isRevoked(id)).toBe(false);
    expect(await revocations.revoke(id, userId)).toBe(true);
    expect(await revocations.isRevoked(id)).toBe(true);
  });
});
