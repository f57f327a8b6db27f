import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { QueueContract, QueueJob } from '@app/contracts';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { type TestRedis, testRedis } from '../../../../test/support/services.js';
import { RedisConfig } from '../redis/redis.config.js';
import { redisOptions } from '../redis/redis-options.js';
import { RequestContext } from '../request/request-context.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { JobNotifier } from './job-notifier.js';

interface TestJob extends QueueJob {
  rowId: string;
}

const notice = (id: string, rowId = id) => ({ id, payload: { rowId } });

/**
 * Whether a call ends within a time, told by the order in which timers end: where the process stands still meanwhile, this one is
 * as late as that of the call.
 */
const endsWithin = (ms: number, call: () => Promise<void>): Promise<boolean> =>
  withTimeout(
    ms,
    call().then(() => true),
    () => false,
  );

let target: TestRedis;
let proxy: TcpProxy;
let contract: QueueContract;
/** What the notifier uses, through the proxy. */
let queue: Queue;
/** The same queue beside the proxy. */
let observed: Queue;
let notifier: JobNotifier<TestJob>;
/** Connections through the proxy, which BullMQ may leave open when they break while it closes. */
const clients: Redis[] = [];

function clientThroughProxy(): Redis {
  const client = new Redis(connectionAt(proxy.port));
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const connectionAt = (port: number) => {
  const config = { REDIS_HOST: target.host, REDIS_PORT: port, REDIS_DB: target.db };
  return { ...redisOptions(Object.assign(new RedisConfig(), config)), maxRetriesPerRequest: null };
};

beforeAll(async () => {
  target = await testRedis();
});

beforeEach(async () => {
  proxy = await TcpProxy.to(target.host, target.port);
  contract = { queue: `test-${randomUUID()}`, job: 'test', version: 7 };
  queue = new Queue(contract.queue, { connection: clientThroughProxy() });
  observed = new Queue(contract.queue, { connection: connectionAt(target.port) });
  notifier = new JobNotifier(queue, contract);
});

/** The jobs that wait, once there are so many: notifying does not wait long for Redis, which takes them all the same. */
async function waiting(count: number): Promise<Job[]> {
  await eventually(async () => (await observed.getWaitingCount()) >= count);
  return observed.getWaiting();
}

afterEach(async () => {
  proxy.mend();
  await queue.close();
  for (const client of clients.splice(0)) client.disconnect();
  await observed.close();
  await proxy.close();
});

describe('a job', () => {
  // On a busy machine connecting may take longer than notifying waits.
  beforeEach(() => queue.waitUntilReady());

  it('says its version and the request that caused it', async () => {
    await RequestContext.run({ requestId: 'request-1' }, () => notifier.notify([notice('a')]));
    const [job] = await waiting(1);
    expect({ id: job?.id, name: job?.name }).toEqual({ id: 'a', name: 'test' });
    expect(job?.data).toEqual({ v: 7, rowId: 'a', requestId: 'request-1' });
  });

  it('names no request outside of one', async () => {
    await notifier.notify([notice('a'), notice('b')]);
    const jobs = await waiting(2);
    expect(jobs.map(({ data }) => data as TestJob)).toEqual(
      expect.arrayContaining(['a', 'b'].map((rowId) => ({ v: 7, rowId }))),
    );
  });

  it('is not added twice while it waits', async () => {
    await notifier.notify([notice('a', 'first')]);
    await waiting(1);
    await notifier.notify([notice('a', 'second')]);
    await notifier.notify([notice('behind')]);
    const jobs = await waiting(2);
    expect(jobs.map(({ data }) => (data as TestJob).rowId).sort()).toEqual(['behind', 'first']);
  });

  it('waits for its delay', async () => {
    await notifier.notify([{ ...notice('a'), delayMs: 60_000 }]);
    await eventually(async () => (await observed.getDelayedCount()) > 0);
    const [job] = await observed.getDelayed();
    expect(await observed.getWaiting()).toEqual([]);
    expect({ id: job?.id, delay: job?.delay }).toEqual({ id: 'a', delay: 60_000 });
  });

  it('leaves Redis when it ends, whichever way, so that its id can be added again', async () => {
    const ran: string[] = [];
    const work = async ({ id }: Job) => {
      ran.push(String(id));
      if (id === 'fails') throw new Error('The job fails');
    };
    const worker = new Worker(contract.queue, work, { connection: connectionAt(target.port) });
    try {
      for (const times of [1, 2]) {
        await notifier.notify([notice('ends'), notice('fails')]);
        await eventually(() => expect(ran).toHaveLength(2 * times) === undefined);
        await eventually(async () => Object.values(await observed.getJobCounts()).every((count) => count === 0));
      }
      expect(ran.sort()).toEqual(['ends', 'ends', 'fails', 'fails']);
    } finally {
      await worker.close();
    }
  });
});

describe('without Redis', () => {
  it('takes 300 ms at most with Redis hanging', async () => {
    await queue.waitUntilReady();
    proxy.set('half-open');
    const begun = performance.now();
    expect(await endsWithin(1_000, () => notifier.notify([notice('a')]))).toBe(true);
    expect(performance.now() - begun).toBeGreaterThan(250);
  });

  it('takes 300 ms at most with Redis away since the start', async () => {
    proxy.sever();
    const away = new Queue(contract.queue, { connection: clientThroughProxy() });
    expect(await endsWithin(1_000, () => new JobNotifier<TestJob>(away, contract).notify([notice('a')]))).toBe(true);
    proxy.mend();
    await away.waitUntilReady();
    await away.close();
  });

  it('never throws, not even on a closed queue', async () => {
    const closed = new Queue(contract.queue, { connection: connectionAt(target.port) });
    const ofClosed = new JobNotifier<TestJob>(closed, contract);
    await closed.waitUntilReady();
    await closed.close();
    await expect(ofClosed.notify([notice('a')])).resolves.toBeUndefined();
    expect(await observed.getWaiting()).toEqual([]);
  });

  it('does not throw over an id that BullMQ refuses, and adds the others', async () => {
    await expect(notifier.notify([notice('a:b'), notice('c')])).resolves.toBeUndefined();
    const jobs = await waiting(1);
    expect(jobs.map(({ id }) => id)).toEqual(['c']);
  });

  it('keeps a thousand unconfirmed jobs at most, and adds again once they are confirmed', async () => {
    await queue.waitUntilReady();
    proxy.set('half-open');
    await notifier.notify(Array.from({ length: 1_000 }, (_, number) => notice(`kept-${number}`)));
    expect(await endsWithin(100, () => notifier.notify([notice('dropped')]))).toBe(true);
    proxy.mend();
    await eventually(async () => {
      await notifier.notify([notice('later')]);
      return (await observed.getJob('later')) !== undefined;
    });
    expect(await observed.getJob('dropped')).toBeUndefined();
    await eventually(async () => (await observed.getWaitingCount()) === 1_001);
  });
});
