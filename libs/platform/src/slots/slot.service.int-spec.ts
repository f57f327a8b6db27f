import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../../../../test/support/deployments/redis-connections.js';
import { eventually } from '../../../../test/support/eventually.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { type TestRedis, testRedis } from '../../../../test/support/services.js';
import { RedisClient } from '../redis/redis.client.js';
import { RedisConfig } from '../redis/redis.config.js';
import { type Slot, SlotService } from './slot.service.js';

let target: TestRedis;
let raw: Redis;
let clients: RedisClient[];
let replicas: SlotService[];
let owner: string;

async function clientAt(host: string, port: number): Promise<RedisClient> {
  const client = new RedisClient(
    Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: target.db }),
  );
  await eventually(() => client.ping().catch(() => false));
  return client;
}

beforeAll(async () => {
  target = await testRedis();
  raw = new Redis(target);
  clients = await Promise.all([1, 2].map(() => clientAt(target.host, target.port)));
  replicas = clients.map((client) => new SlotService(withLongTimeout(client)));
});

afterAll(() => {
  raw.disconnect();
  for (const client of clients) client.onApplicationShutdown();
});

beforeEach(() => {
  owner = randomUUID();
});

const TWO = { kind: 'test', limit: 2, leaseMs: 60_000 };
const acquireMany = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => replicas[index % 2]!.acquire(TWO, owner)));
const endOf = async (key: string) => (await raw.zrange(key, '0', '-1', 'WITHSCORES'))[1];
const taken = (slots: (Slot | null)[]): Slot[] => slots.filter((slot) => slot !== null);

describe('slots', () => {
  it('are as many as the limit over all replicas, of many requests at once', async () => {
    expect(taken(await acquireMany(20))).toHaveLength(2);
  });

  it('are free again once released, and one for each release', async () => {
    const [first] = taken(await acquireMany(4));
    await first!.release();
    await first!.release();
    expect(taken(await acquireMany(4))).toHaveLength(1);
  });

  it('of one owner and kind are not those of another', async () => {
    await acquireMany(2);
    expect(await replicas[0]!.acquire(TWO, randomUUID())).not.toBeNull();
    expect(await replicas[0]!.acquire({ ...TWO, kind: 'other' }, owner)).not.toBeNull();
  });

  it('are free again soon after their process died, unless they were extended', async () => {
    await raw.flushdb();
    const one = { ...TWO, limit: 1 };
    const slot = await replicas[0]!.acquire(one, owner);
    const [key] = await raw.keys('slots:*');
    /** As if the lease had ended now. */
    const endLease = async () => raw.zadd(key!, 'XX', '1', (await raw.zrange(key!, '0', '-1'))[0]!);
    await endLease();
    await slot!.extend();
    expect(Number(await endOf(key!))).toBeGreaterThan(1);
    expect(await replicas[1]!.acquire(one, owner)).toBeNull();
    await endLease();
    expect(await replicas[1]!.acquire(one, owner)).not.toBeNull();

    const [short, other] = [{ ...one, leaseMs: 300 }, randomUUID()];
    expect(await replicas[0]!.acquire(short, other)).not.toBeNull();
    await eventually(() => replicas[1]!.acquire(short, other));
  });

  it('leave no key behind, and tell Redis no id', async () => {
    await raw.flushdb();
    const slots = taken(await acquireMany(2));
    const [key] = await raw.keys('*');
    expect(key).not.toContain(owner);
    expect(await raw.pttl(key!)).toBeGreaterThan(0);
    await Promise.all(slots.map((slot) => slot.release()));
    expect(await raw.keys('*')).toEqual([]);
  });
});

it('are counted by each replica itself while Redis is away or hangs', async () => {
  const proxy = await TcpProxy.to(target.host, target.port);
  const client = await clientAt('127.0.0.1', proxy.port);
  const replica = new SlotService(client);
  proxy.set('half-open');
  const slots = await Promise.all([1, 2, 3].map(() => replica.acquire(TWO, owner)));
  expect(taken(slots)).toHaveLength(2);
  await taken(slots)[0]!.release();
  expect(await replica.acquire(TWO, owner)).not.toBeNull();
  client.onApplicationShutdown();
  await proxy.close();
});
