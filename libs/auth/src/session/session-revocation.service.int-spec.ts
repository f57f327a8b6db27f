import 'reflect-metadata';
import { Database, DatabaseConfig, RedisClient, RedisConfig, RedisSubscriber, uuidv7 } from '@app/platform';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { createTestDatabase, type TestDatabase, testRedis } from '../../../../test/support/services.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { RefreshToken } from './refresh-token.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionStore } from './session.store.js';

const YEAR_MS = 365 * 86_400_000;

/** Counts the queries for single sessions. */
class CountingStore extends SessionStore {
  asked = 0;

  override exists(sessionId: string): Promise<boolean> {
    this.asked++;
    return super.exists(sessionId);
  }
}

/** One API process, with a connection to Redis that can be cut. */
class Replica {
  private constructor(
    readonly proxy: TcpProxy,
    readonly redis: RedisClient,
    readonly subscriber: RedisSubscriber,
    readonly store: CountingStore,
    readonly revocations: SessionRevocationService,
  ) {}

  static async start(database: Database, { host, port, db }: { host: string; port: number; db: number }) {
    const proxy = await TcpProxy.to(host, port);
    const config = Object.assign(new RedisConfig(), { REDIS_HOST: '127.0.0.1', REDIS_PORT: proxy.port, REDIS_DB: db });
    const redis = withLongTimeout(new RedisClient(config));
    await eventually(() => redis.status === 'ready');
    const subscriber = new RedisSubscriber(config);
    const store = new CountingStore(database);
    const revocations = new SessionRevocationService(store, redis, subscriber, new AccessTokenConfig());
    revocations.onApplicationBootstrap();
    return new Replica(proxy, redis, subscriber, store, revocations);
  }

  /** Waits until it answers from memory. */
  async untilSynced(): Promise<void> {
    await eventually(() => this.revocations.isRevoked(uuidv7()) === false);
    this.store.asked = 0;
  }

  /** From now on only Redis tells it of ended sessions. */
  stopSyncs(): void {
    this.revocations['syncs'].stop();
  }

  async stop(): Promise<void> {
    this.revocations.onApplicationShutdown();
    this.subscriber.onApplicationShutdown();
    this.redis.onApplicationShutdown();
    await this.proxy.close();
  }
}

let testDatabase: TestDatabase;
let database: Database;
let here: Replica;
let there: Replica;
let userId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: testDatabase.url }));
  userId = uuidv7();
  await database.prisma.user.create({ data: { id: userId, phone: '+14155550123' } });
});

beforeEach(async () => {
  const target = await testRedis();
  here = await Replica.start(database, target);
  there = await Replica.start(database, target);
  await Promise.all([here.untilSynced(), there.untilSynced()]);
});

afterEach(() => Promise.all([here.stop(), there.stop()]));

afterAll(async () => {
  await database.onApplicationShutdown();
  await testDatabase.drop();
});

async function newSession(): Promise<string> {
  const id = uuidv7();
  const end = new Date(Date.now() + YEAR_MS);
  const session = { id, userId, expiresAt: end, absoluteExpiresAt: end };
  await new SessionStore(database).insert(session, RefreshToken.first(), { ip: '::1', userAgent: null }, new Date());
  return id;
}

describe('a session that is ended on one replica', () => {
  it('has ended on the others, without a query', async () => {
    there.stopSyncs();
    const session = await newSession();
    await here.revocations.revoke(session, userId);
    await eventually(() => there.revocations.isRevoked(session) === true);
    expect(there.store.asked).toBe(0);
  });

  it('has ended on a replica that Redis does not reach', async () => {
    there.proxy.sever();
    const session = await newSession();
    expect(await eventually(() => there.revocations.isRevoked(session) instanceof Promise)).toBe(true);
    await here.revocations.revoke(session, userId);
    expect(await there.revocations.isRevoked(session)).toBe(true);
    expect(await there.revocations.isRevoked(await newSession())).toBe(false);
  });

  it('has ended on a replica whose connection to Redis is dead but still open', async () => {
    const connection = there.subscriber['connection'];
    // It is not replaced before that is noticed.
    connection.options.socketTimeout = 60_000;
    there.proxy.set('half-open');
    const session = await newSession();
    await eventually(() => there.revocations.isRevoked(session) instanceof Promise);
    expect(connection.status).toBe('ready');
    await here.revocations.revoke(session, userId);
    expect(await there.revocations.isRevoked(session)).toBe(true);
  });

  it('has ended on the others soon, when Redis does not reach the one where it was ended', async () => {
    here.proxy.sever();
    const session = await newSession();
    await here.revocations.revoke(session, userId);
    await eventually(() => there.revocations['revoked'].has(session));
    expect(there.revocations.isRevoked(session)).toBe(true);
    expect(there.store.asked).toBe(0);
  });

  it('has ended on a replica that starts later', async () => {
    const session = await newSession();
    await here.revocations.revoke(session, userId);
    await there.stop();
    there = await Replica.start(database, await testRedis());
    expect(await there.revocations.isRevoked(session)).toBe(true);
    await there.untilSynced();
    expect(there.revocations.isRevoked(session)).toBe(true);
  });

  it('has ended when the connection is back, and memory is trusted again', async () => {
    there.proxy.sever();
    const session = await newSession();
    await eventually(() => there.revocations.isRevoked(session) instanceof Promise);
    await here.revocations.revoke(session, userId);
    there.proxy.mend();
    await there.untilSynced();
    expect(there.revocations.isRevoked(session)).toBe(true);
    expect(there.store.asked).toBe(0);
  });

  it('cannot be begun while its user is being erased', async () => {
    const user = uuidv7();
    await database.prisma.user.create({ data: { id: user, phone: '+14155550125' } });
    const end = new Date(Date.now() + YEAR_MS);
    const login = () => {
      const session = { id: uuidv7(), userId: user, expiresAt: end, absoluteExpiresAt: end };
      const client = { ip: '::1', userAgent: null };
      return here.store
        .insert(session, RefreshToken.first(), client, new Date())
        .then((begun) => (begun ? session.id : null));
    };
    const logins = Array.from({ length: 20 }, login);
    const ended = await here.store.eraseUser(user);
    const begun = (await Promise.all([...logins, login()])).filter((id) => id !== null);
    expect(ended.sort()).toEqual(begun.sort());
  });

  it('has ended with its user, too', async () => {
    const other = uuidv7();
    await database.prisma.user.create({ data: { id: other, phone: '+14155550124' } });
    there.stopSyncs();
    const mine = userId;
    userId = other;
    const session = await newSession();
    userId = mine;
    await here.revocations.announce(await here.store.eraseUser(other));
    await eventually(() => there.revocations.isRevoked(session) === true);
    expect(await database.prisma.user.count({ where: { id: other } })).toBe(0);
  });
});

describe('a listener for the end of a session', () => {
  it('is called once, on every replica', async () => {
    const session = await newSession();
    const calls: string[] = [];
    here.revocations.onRevoked(session, () => calls.push('here'));
    there.revocations.onRevoked(session, () => calls.push('there'));
    await here.revocations.revoke(session, userId);
    await eventually(() => calls.length === 2);
    await here.revocations.announce([session]);
    expect(calls.sort()).toEqual(['here', 'there']);
  });

  it('is called at once when it has ended already', async () => {
    const session = await newSession();
    await here.revocations.revoke(session, userId);
    const called = new Promise<void>((resolve) => here.revocations.onRevoked(session, resolve));
    await expect(called).resolves.toBeUndefined();
  });

  it('is not called after it has been removed', async () => {
    const session = await newSession();
    const calls: string[] = [];
    const stop = here.revocations.onRevoked(session, () => calls.push('stopped'));
    here.revocations.onRevoked(session, () => calls.push('listening'));
    stop();
    await here.revocations.revoke(session, userId);
    expect(calls).toEqual(['listening']);
  });
});
