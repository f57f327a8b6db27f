import 'reflect-metadata';
import type { QueueContract, QueueJob } from '@app/contracts';
import { BullModule, getQueueToken, Processor } from '@nestjs/bullmq';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { eventually } from '../../../../test/support/eventually.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { testRedis } from '../../../../test/support/services.js';
import { HealthService } from '../health/health.service.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ProcessModule } from '../process/process.module.js';
import { ShutdownService } from '../process/shutdown.service.js';
import { RedisConfig } from '../redis/redis.config.js';
import { RequestContext } from '../request/request-context.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { JobNotifier } from './job-notifier.js';
import { QueueModule } from './queue.module.js';
import { QueueWorkerHost } from './queue-worker.host.js';

interface TestJob extends QueueJob {
  /** What the job does: end at once, fail, or wait until the test lets it end. */
  does: 'end' | 'fail' | 'wait';
}

const CONTRACT: QueueContract = { queue: 'test', job: 'test', version: 2 };
const CLOSE_TIMEOUT_MS = 500;
let closeTimeoutMs = CLOSE_TIMEOUT_MS;

/** Writes down what it works on, and in whose name. */
@Processor(CONTRACT.queue, { autorun: false })
class TestProcessor extends QueueWorkerHost<TestJob> {
  readonly begun: (string | undefined)[] = [];
  readonly ended: (string | undefined)[] = [];
  private readonly waiting: (() => void)[] = [];

  constructor() {
    super({ contract: CONTRACT, concurrency: 2, closeTimeoutMs });
  }

  /** Lets all jobs end that wait. */
  release(): void {
    for (const end of this.waiting.splice(0)) end();
  }

  protected override async handle({ does }: TestJob): Promise<void> {
    this.begun.push(RequestContext.requestId);
    if (does === 'fail') throw new Error('The job fails');
    if (does === 'wait') await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.ended.push(RequestContext.requestId);
  }
}

let proxy: TcpProxy;
let app: INestApplicationContext;
let processor: TestProcessor;
let queue: Queue;

beforeEach(async () => {
  const { host, port, db } = await testRedis();
  proxy = await TcpProxy.to(host, port);
  const values = { REDIS_HOST: '127.0.0.1', REDIS_PORT: proxy.port, REDIS_DB: db };
  const redis = { provide: RedisConfig, useValue: Object.assign(new RedisConfig(), values) };
  const configuration = {
    module: class Configuration {},
    global: true,
    imports: [MetricsModule],
    providers: [redis, HealthService],
    exports: [RedisConfig, HealthService],
  };
  const imports = [configuration, ProcessModule, QueueModule, BullModule.registerQueue({ name: CONTRACT.queue })];
  const worker = { module: class TestWorker {}, imports, providers: [TestProcessor] };
  app = await NestFactory.createApplicationContext(worker, { logger: false });
  processor = app.get(TestProcessor);
  queue = app.get<Queue>(getQueueToken(CONTRACT.queue));
});

afterEach(async () => {
  processor.release();
  proxy.mend();
  await app.close();
  await proxy.close();
});

/** Enqueues a job as a producer does, in the name of a request. */
const enqueue = (requestId: string, does: TestJob['does'] = 'end', contract = CONTRACT) =>
  RequestContext.run({ requestId }, () =>
    new JobNotifier<TestJob>(queue, contract).notify([{ id: `job-of-${requestId}`, payload: { does } }]),
  );

const untilBegun = (...requests: string[]) =>
  eventually(() => requests.every((request) => processor.begun.includes(request)));

const untilNoJobIsLeft = () =>
  eventually(async () => Object.values(await queue.getJobCounts()).every((count) => count === 0));

/** Jobs that no worker has taken. Notifying does not wait long for Redis, which takes them all the same. */
const untilWaiting = (jobs: number) => eventually(async () => (await queue.getWaitingCount()) === jobs);

/**
 * Whether the host ends within a time. Nest waits for it before anything else of the process ends. Told by the order in which timers
 * end: where the process stands still meanwhile, this one is as late as that of the host.
 */
const endsWithin = (ms: number): Promise<boolean> =>
  withTimeout(
    ms,
    processor.onModuleDestroy().then(() => true),
    () => false,
  );

describe('a job', () => {
  it('runs in the context of the request that caused it, beside that of another one', async () => {
    await enqueue('one', 'wait');
    await enqueue('two', 'wait');
    await untilBegun('one', 'two');
    processor.release();
    await eventually(() => processor.ended.length === 2);
    expect([...processor.ended].sort()).toEqual(['one', 'two']);
  });

  it('that no request caused runs in its own name', async () => {
    await new JobNotifier<TestJob>(queue, CONTRACT).notify([{ id: 'of-a-sweep', payload: { does: 'end' } }]);
    await eventually(() => processor.ended.length === 1);
    expect(processor.ended).toEqual(['of-a-sweep']);
  });

  it.each([1, 3])('of version %i is dropped by a worker of version 2', async (version) => {
    await enqueue('other-release', 'end', { ...CONTRACT, version });
    await untilNoJobIsLeft();
    await enqueue('own-release');
    await untilBegun('own-release');
    expect(processor.begun).toEqual(['own-release']);
  });

  it('that fails stops no other, and leaves nothing behind', async () => {
    await enqueue('failing', 'fail');
    await enqueue('ending');
    await untilBegun('failing', 'ending');
    await untilNoJobIsLeft();
    expect(processor.ended).toEqual(['ending']);
  });

  it('waits while as many are under way as the worker takes', async () => {
    for (const request of ['one', 'two', 'three']) await enqueue(request, 'wait');
    await untilBegun('one', 'two');
    await untilWaiting(1);
    expect([...processor.begun].sort()).toEqual(['one', 'two']);
    processor.release();
    await untilBegun('three');
  });
});

describe('the host', () => {
  it('ends within its time with a job that hangs', async () => {
    await enqueue('hanging', 'wait');
    await untilBegun('hanging');
    const begun = performance.now();
    expect(await endsWithin(CLOSE_TIMEOUT_MS + 1_000)).toBe(true);
    expect(processor.ended).toEqual([]);
    expect(performance.now() - begun).toBeGreaterThan(CLOSE_TIMEOUT_MS - 50);
  });

  it('ends within its time with Redis hanging', async () => {
    await enqueue('hanging', 'wait');
    await untilBegun('hanging');
    proxy.set('half-open');
    processor.release();
    expect(await endsWithin(CLOSE_TIMEOUT_MS + 1_000)).toBe(true);
  });

  describe('that may take long', () => {
    beforeAll(() => (closeTimeoutMs = 60_000));
    afterAll(() => (closeTimeoutMs = CLOSE_TIMEOUT_MS));

    it('waits at the end for the job under way, and takes no further one', async () => {
      await enqueue('under-way', 'wait');
      await untilBegun('under-way');
      let ended = false;
      const end = processor.onModuleDestroy().then(() => (ended = true));
      await enqueue('too-late');
      expect(ended).toBe(false);
      processor.release();
      await end;
      await untilWaiting(1);
      expect({ begun: processor.begun, ended: processor.ended }).toEqual({
        begun: ['under-way'],
        ended: ['under-way'],
      });
    });

    it('takes no further job as soon as the shutdown begins, while other parts of the process still end', async () => {
      await enqueue('under-way', 'wait');
      await untilBegun('under-way');
      app.get(ShutdownService).begin();
      await enqueue('too-late');
      processor.release();
      await processor.onModuleDestroy();
      await untilWaiting(1);
      expect({ begun: processor.begun, ended: processor.ended }).toEqual({
        begun: ['under-way'],
        ended: ['under-way'],
      });
    });

    it('does not wait for a Redis that hangs once its jobs have ended', async () => {
      await enqueue('under-way', 'wait');
      await untilBegun('under-way');
      proxy.set('half-open');
      processor.release();
      expect(await endsWithin(10_000)).toBe(true);
    });
  });
});
