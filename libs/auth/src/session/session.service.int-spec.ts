import 'reflect-metadata';
import { AuditEventStore } from '@app/platform/testing';
import {
  AuditTrail,
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
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { AuthMetrics } from '../auth.metrics.js';
import { OtpDeliveryConfig } from '../otp/otp-delivery.config.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { type AccessTokenClaims, AccessTokenService } from '../token/access-token.service.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { RotationUseService } from './rotation-use.service.js';
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
let store: SessionStore;
let metrics: Metrics;
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
  store = new SessionStore(database);
  metrics = new Metrics();
  revocations = new SessionRevocationService(store, redis, subscriber, accessConfig);
  revocations.onApplicationBootstrap();
  clock = new HandClock();
  const tokens = new AccessTokenService(new JwtService(), accessConfig);
  sessions = new SessionService(
    store,
    revocations,
    tokens,
    clock,
    new AuthMetrics(metrics, new OtpDeliveryConfig()),
    config,
    accessConfig,
    new AuditTrail(new AuditEventStore(database), clock),
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
const refreshed = async (token: string) => {
  const { refreshToken, accessToken } = await sessions.refresh(token, CLIENT);
  return { refreshToken, claims: claimsOf(accessToken) };
};
/** What an access token says, as if it had been signed by the test's clock. */
function claimsOf(accessToken: string): AccessTokenClaims {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as AccessTokenClaims;
  return { ...claims, iat: Math.floor(clock.now().getTime() / 1000) };
}
/** A replica's part in the first use of access tokens. */
const replica = () => new RotationUseService(store, clock, config);
const repeatsOf = (sessionId: string) =>
  database.prisma.session.findUniqueOrThrow({ where: { id: sessionId }, select: { refreshRepeatedAt: true } });

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

describe('a refresh that is repeated', () => {
  it('ends the session once the access token has been used, at any replica', async () => {
    const first = await open();
    const { refreshToken: second, claims } = await refreshed(first);
    await replica().confirm(claims);
    await expect(refresh(first)).rejects.toThrow(RefreshTokenReusedError);
    await expect(refresh(second)).rejects.toThrow(UnauthenticatedError);
  });

  it('brings access tokens whose use ends the grace, too', async () => {
    const first = await open();
    await refreshed(first);
    const { claims } = await refreshed(first);
    await replica().confirm(claims);
    await expect(refresh(first)).rejects.toThrow(RefreshTokenReusedError);
  });

  it('is accepted while only older access tokens are used', async () => {
    const first = await open();
    const { refreshToken: second, claims } = await refreshed(first);
    const third = await refresh(second);
    await replica().confirm(claims);
    expect(await refresh(second)).toBe(third);
  });

  it('is accepted while only access tokens of a login or of an earlier release are used', async () => {
    const opened = (await sessions.open(userId, CLIENT))!;
    const loginClaims = claimsOf(opened.accessToken);
    expect(loginClaims).not.toHaveProperty('rot');
    const { refreshToken: second, claims } = await refreshed(opened.refreshToken);
    const { sid, iat } = claims;
    for (const used of [loginClaims, { sid, iat }]) await replica().confirm(used);
    expect(await refresh(opened.refreshToken)).toBe(second);
  });

  it('is noted in the session, counted, and not when it is refused', async () => {
    const first = await open();
    const { refreshToken: second, claims } = await refreshed(first);
    expect(await repeatsOf(claims.sid)).toEqual({ refreshRepeatedAt: null });
    const counted = async () =>
      (await metrics.getSingleMetric('refresh_tokens_repeated_total')!.get()).values[0]!.value;
    const before = await counted();
    clock.advance(10);
    await refresh(first);
    expect(await repeatsOf(claims.sid)).toEqual({ refreshRepeatedAt: clock.now() });
    expect(await counted()).toBe(before + 1);
    await refresh(second);
    expect(await counted()).toBe(before + 1);
  });

  it('never comes too late to be noticed, of any race with the first use', async () => {
    for (let round = 0; round < 20; round++) {
      const first = await open();
      const { claims } = await refreshed(first);
      const [thief] = await Promise.all([refresh(first).catch((error: Error) => error), replica().confirm(claims)]);
      await expect(refresh(first)).rejects.toThrow(
        thief instanceof Error ? UnauthenticatedError : RefreshTokenReusedError,
      );
    }
  });

  /** One session, what is done with its tokens by whoever holds them, and what the law says about it. */
  class Holders {
    readonly brought: string[] = [];
    readonly expected: string[] = [];
    private readonly replicas = [replica(), replica()];
    private readonly access: AccessTokenClaims[] = [];
    private sinceRotation = 0;
    private used = false;
    private alive = true;

    constructor(private readonly given: string[]) {}

    pause(seconds: number): void {
      clock.advance(seconds);
      this.sinceRotation += seconds;
    }

    /** @param age 0: the newest access token */
    async use(age: number, at: number): Promise<void> {
      const claims = this.access.at(-1 - age);
      if (claims === undefined) return;
      await this.replicas[at]!.confirm(claims);
      this.used ||= age === 0;
    }

    /** @param age 0: the newest refresh token, 1: its parent */
    async refresh(age: number): Promise<void> {
      const token = this.given.at(-1 - age);
      if (token === undefined) return;
      const expected = this.lawOf(age);
      const outcome = await refreshed(token).catch((error: Error) => error);
      this.brought.push(kindOf(outcome instanceof Error ? outcome : outcome.refreshToken, this.given));
      this.expected.push(expected);
      this.alive &&= expected !== 'reused';
      if (outcome instanceof Error || expected !== 'new') return;
      this.given.push(outcome.refreshToken);
      this.access.push(outcome.claims);
      this.sinceRotation = 0;
      this.used = false;
    }

    private lawOf(age: number): string {
      if (!this.alive) return 'unauthenticated';
      if (age === 0) return 'new';
      const graceful = age === 1 && !this.used && this.sinceRotation <= config.REFRESH_GRACE_SECONDS;
      return graceful ? 'newest' : 'reused';
    }
  }

  it('is decided by the law in any order of refreshes, repetitions and uses by whoever holds tokens, at two replicas', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(0, 0, 1, 1, 2).map((age) => (all: Holders) => all.refresh(age)) },
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(0, 0, 1), fc.constantFrom(0, 1)).map(
          ([age, at]) =>
            (all: Holders) =>
              all.use(age, at),
        ),
      },
      fc.constantFrom(30, 61).map((seconds) => async (all: Holders) => all.pause(seconds)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
        const all = new Holders([await open()]);
        for (const take of steps) await take(all);
        expect(all.brought).toEqual(all.expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the first use of a refreshed access token', () => {
  class CountingStore extends SessionStore {
    written = 0;

    override endGrace(sessionId: string, rotationId: string): Promise<void> {
      this.written++;
      return super.endGrace(sessionId, rotationId);
    }
  }

  it('is written once by each process, however many requests come, and not at all when the grace is long over', async () => {
    const counting = new CountingStore(database);
    const uses = new RotationUseService(counting, clock, config);
    const { claims } = await refreshed(await open());
    await Promise.all(Array.from({ length: 50 }, () => uses.confirm(claims)));
    await uses.confirm(claims);
    expect(counting.written).toBe(1);
    const { claims: others } = await refreshed(await open());
    clock.advance(config.REFRESH_GRACE_SECONDS + 61);
    await uses.confirm(others);
    expect(counting.written).toBe(1);
  });

  it('is written later when PostgreSQL is away, and the request goes on', async () => {
    const { hostname, port } = new URL(testDatabase.url);
    const proxy = await TcpProxy.to(hostname, Number(port));
    const url = Object.assign(new URL(testDatabase.url), { hostname: '127.0.0.1', port: String(proxy.port) }).href;
    const cut = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: url }));
    const uses = new RotationUseService(new SessionStore(cut), clock, config);
    try {
      const first = await open();
      const { claims } = await refreshed(first);
      proxy.sever();
      await uses.confirm(claims);
      expect((await parentOf(claims.sid)).parentHash).not.toBeNull();
      proxy.mend();
      uses.onApplicationBootstrap();
      await eventually(async () => (await parentOf(claims.sid)).parentHash === null);
      await expect(refresh(first)).rejects.toThrow(RefreshTokenReusedError);
    } finally {
      uses.onApplicationShutdown();
      await cut.onApplicationShutdown();
      await proxy.close();
    }
  });

  const parentOf = (sessionId: string) =>
    database.prisma.session.findUniqueOrThrow({ where: { id: sessionId }, select: { parentHash: true } });
});

describe('all sessions but one', () => {
  it('are ended together, also while they are being refreshed; that one and those of other users live', async () => {
    const other = uuidv7();
    await database.prisma.user.create({ data: { id: other, phone: '+14155550124' } });
    const theirs = (await sessions.open(other, CLIENT))!;
    const mine = (await sessions.open(userId, CLIENT))!;
    const kept = claimsOf(mine.accessToken).sid;
    const lost = await Promise.all(Array.from({ length: 10 }, open));
    const refreshes = lost.map((token) => refreshed(token).catch(() => null));
    await revocations.revokeOthers(userId, kept);
    const outcomes = await Promise.all(refreshes);
    for (const outcome of outcomes) {
      if (outcome === null) continue;
      expect(await revocations.isRevoked(outcome.claims.sid)).toBe(true);
      await expect(refresh(outcome.refreshToken)).rejects.toThrow(UnauthenticatedError);
    }
    for (const token of lost) await expect(refresh(token)).rejects.toThrow(UnauthenticatedError);
    expect(await revocations.isRevoked(kept)).toBe(false);
    await expect(refresh(mine.refreshToken)).resolves.toEqual(expect.any(String));
    await expect(refresh(theirs.refreshToken)).resolves.toEqual(expect.any(String));
    await revocations.revokeOthers(userId, kept);
    expect(await revocations.isRevoked(kept)).toBe(false);
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
