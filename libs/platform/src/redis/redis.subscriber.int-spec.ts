import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import { freePort } from '../../../../scripts/services/ports.mjs';
import { Processes } from '../../../../scripts/services/processes.mjs';
import { provideRedis, startRedis } from '../../../../scripts/services/redis.mjs';
import { eventually } from '../../../../test/support/eventually.js';
import { type TestRedis, testRedis } from '../../../../test/support/services.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { RedisConfig } from './redis.config.js';
import { type ChannelListener, type ChannelSubscription, RedisSubscriber } from './redis.subscriber.js';

/** Writes down what it hears, in order. */
class Recorder implements ChannelListener {
  readonly heard: string[] = [];

  onMessage(message: string): void {
    this.heard.push(message);
  }

  onSubscribed(): void {
    this.heard.push('(subscribed)');
  }

  onInterrupted(): void {
    this.heard.push('(interrupted)');
  }
}

const subscriberAt = (port: number): RedisSubscriber => {
  const config = Object.assign(new RedisConfig(), { REDIS_HOST: '127.0.0.1', REDIS_PORT: port });
  const subscriber = new RedisSubscriber(config);
  subscriber.onApplicationBootstrap();
  return subscriber;
};

/** The subscriber subscribes even though it has no connection yet: resolves when Redis has confirmed it. */
async function subscribed(subscriber: RedisSubscriber, channel: string) {
  const recorder = new Recorder();
  const subscription = subscriber.subscribe(channel, recorder);
  await eventually(() => recorder.heard.includes('(subscribed)'));
  return { recorder, subscription };
}

/**
 * Whether something settles within a time, told by the order in which timers end: where the process stands still meanwhile, this
 * one is as late as those of the subscriber.
 */
const within = (ms: number, settling: Promise<unknown>): Promise<boolean> =>
  withTimeout(
    ms,
    settling.then(() => true),
    () => false,
  );

let target: TestRedis;
let redis: Redis;
let proxy: TcpProxy;
let subscriber: RedisSubscriber;
/** Channels are common to all tests that use the server. */
let channel: string;

const subscribersOf = async (name: string) => ((await redis.pubsub('NUMSUB', name)) as [string, number])[1];

beforeAll(async () => {
  target = await testRedis();
  redis = new Redis(target);
});

afterAll(() => redis.disconnect());

beforeEach(async () => {
  channel = `test:${randomUUID()}`;
  proxy = await TcpProxy.to(target.host, target.port);
  subscriber = subscriberAt(proxy.port);
});

afterEach(async () => {
  subscriber.onApplicationShutdown();
  await proxy.close();
});

describe('messages', () => {
  it('reach all listeners of their channel in order, and none of another', async () => {
    const [one, two] = [await subscribed(subscriber, channel), await subscribed(subscriber, channel)];
    const other = await subscribed(subscriber, `${channel}:other`);
    for (const message of ['1', '2', '3']) await redis.publish(channel, message);
    await redis.publish(`${channel}:other`, 'last');
    await eventually(() => other.recorder.heard.includes('last'));
    expect(other.recorder.heard).toEqual(['(subscribed)', 'last']);
    for (const { recorder } of [one, two]) expect(recorder.heard).toEqual(['(subscribed)', '1', '2', '3']);
  });

  it('reach the other listeners when one throws', async () => {
    const broken = new Recorder();
    broken.onMessage = () => {
      throw new Error('broken');
    };
    subscriber.subscribe(channel, broken);
    const { recorder } = await subscribed(subscriber, channel);
    await redis.publish(channel, '1');
    await eventually(() => recorder.heard.includes('1'));
    expect(recorder.heard).toEqual(['(subscribed)', '1']);
  });

  it('reach no listener that another one closes first', async () => {
    const recorder = new Recorder();
    const closing = new Recorder();
    subscriber.subscribe(channel, closing);
    closing.onMessage = () => subscription.close();
    const subscription = subscriber.subscribe(channel, recorder);
    const after = await subscribed(subscriber, channel);
    await redis.publish(channel, '1');
    await eventually(() => after.recorder.heard.includes('1'));
    expect(recorder.heard).toEqual(['(subscribed)']);
  });
});

describe('a subscription at Redis', () => {
  it('is shared by the listeners of a channel, and ends with the last of them', async () => {
    const commands: string[] = [];
    const monitor = await redis.monitor();
    monitor.on('monitor', (_time: string, words: string[]) => {
      if (words.includes(channel)) commands.push(String(words[0]).toLowerCase());
    });
    const one = await subscribed(subscriber, channel);
    const two = subscriber.subscribe(channel, new Recorder());
    await two.attempted;
    await eventually(() => two.isLive());
    await expect(subscribersOf(channel)).resolves.toBe(1);
    one.subscription.close();
    one.subscription.close();
    await eventually(() => two.isLive());
    await expect(subscribersOf(channel)).resolves.toBe(1);
    two.close();
    await eventually(() => commands.includes('unsubscribe'));
    await expect(subscribersOf(channel)).resolves.toBe(0);
    expect(commands.filter((command) => command.endsWith('subscribe'))).toEqual(['subscribe', 'unsubscribe']);
    monitor.disconnect();
  });

  it('is two for a listener that is given twice', async () => {
    const recorder = new Recorder();
    const [one, two] = [subscriber.subscribe(channel, recorder), subscriber.subscribe(channel, recorder)];
    await eventually(() => two.isLive());
    one.close();
    await redis.publish(channel, '1');
    await eventually(() => recorder.heard.includes('1'));
    expect(recorder.heard).toEqual(['(subscribed)', '(subscribed)', '1']);
  });

  it('is in force when a channel is closed and subscribed to again at once', async () => {
    const first = await subscribed(subscriber, channel);
    first.subscription.close();
    const second = await subscribed(subscriber, channel);
    await redis.publish(channel, '1');
    await eventually(() => second.recorder.heard.includes('1'));
    await expect(subscribersOf(channel)).resolves.toBe(1);
    expect(first.recorder.heard).toEqual(['(subscribed)']);
    expect(second.recorder.heard).toEqual(['(subscribed)', '1']);
  });

  it('is not taken for confirmed by the answer to one that was closed', async () => {
    await subscribed(subscriber, `${channel}:connected`);
    proxy.set('slow');
    const first = subscriber.subscribe(channel, new Recorder());
    // The answer is on its way, and arrives before the next commands reach Redis.
    await eventually(async () => (await subscribersOf(channel)) === 1, { everyMs: 1 });
    first.close();
    const recorder = new Recorder();
    const second = subscriber.subscribe(channel, recorder);
    await first.attempted;
    expect(recorder.heard).toEqual([]);
    await second.attempted;
    expect(recorder.heard).toEqual(['(subscribed)']);
  });

  it('is known to a listener that joins later, after it has its subscription in hand', async () => {
    await subscribed(subscriber, channel);
    let live: Promise<boolean> | undefined;
    const subscription: ChannelSubscription = subscriber.subscribe(channel, {
      onMessage: () => undefined,
      onSubscribed: () => {
        const inHand = subscription;
        live = eventually(() => inHand.isLive());
      },
    });
    await subscription.attempted;
    await expect(live).resolves.toBe(true);
  });

  it('is not live once closed', async () => {
    const { subscription } = await subscribed(subscriber, channel);
    subscription.close();
    await expect(subscription.isLive()).resolves.toBe(false);
  });
});

describe('a connection that breaks', () => {
  it('is told once as interrupted and once as subscribed, in that order, and messages come again', async () => {
    const listeners = [
      await subscribed(subscriber, channel),
      await subscribed(subscriber, channel),
      await subscribed(subscriber, `${channel}:other`),
    ];
    proxy.sever();
    await eventually(() => listeners.every(({ recorder }) => recorder.heard.includes('(interrupted)')));
    for (const { subscription } of listeners) await expect(subscription.isLive()).resolves.toBe(false);
    proxy.mend();
    await eventually(() => listeners.every(({ recorder }) => recorder.heard.length === 3));
    await redis.publish(channel, '1');
    await redis.publish(`${channel}:other`, '1');
    await eventually(() => listeners.every(({ recorder }) => recorder.heard.length === 4));
    for (const { recorder } of listeners) {
      expect(recorder.heard).toEqual(['(subscribed)', '(interrupted)', '(subscribed)', '1']);
    }
  });

  it('does not bring back what was closed meanwhile', async () => {
    const closed = await subscribed(subscriber, channel);
    const open = await subscribed(subscriber, `${channel}:other`);
    proxy.sever();
    await eventually(() => open.recorder.heard.includes('(interrupted)'));
    closed.subscription.close();
    proxy.mend();
    await eventually(() => open.recorder.heard.length === 3);
    // Redis may still be about to notice that the former connection has ended.
    await eventually(async () => (await subscribersOf(channel)) === 0);
    expect(closed.recorder.heard).toEqual(['(subscribed)', '(interrupted)']);
  });
});

describe('Redis away', () => {
  it('settles a subscription soon, and makes it good when it is back', async () => {
    const before = await subscribed(subscriber, `${channel}:before`);
    proxy.sever();
    await eventually(() => before.recorder.heard.includes('(interrupted)'));
    const recorder = new Recorder();
    const subscription = subscriber.subscribe(channel, recorder);
    expect(await within(500, subscription.attempted)).toBe(true);
    await expect(subscription.isLive()).resolves.toBe(false);
    expect(recorder.heard).toEqual([]);
    proxy.mend();
    await eventually(() => subscription.isLive());
    await redis.publish(channel, '1');
    await eventually(() => recorder.heard.includes('1'));
    expect(recorder.heard).toEqual(['(subscribed)', '1']);
  });

  it('settles a subscription soon when it has never been there', async () => {
    const lost = subscriberAt(await freePort());
    const subscription = lost.subscribe(channel, new Recorder());
    await subscription.attempted;
    await expect(subscription.isLive()).resolves.toBe(false);
    lost.onApplicationShutdown();
  });
});

describe('Redis hanging', () => {
  it('does not hold up a subscription, is not live, and is replaced', async () => {
    const before = await subscribed(subscriber, channel);
    proxy.set('half-open');
    const recorder = new Recorder();
    const subscription = subscriber.subscribe(`${channel}:new`, recorder);
    const settled = within(8_000, subscription.attempted);
    const live = before.subscription.isLive();
    expect(await within(3_000, live)).toBe(true);
    expect(await live).toBe(false);
    expect(await settled).toBe(true);
    await eventually(() => before.recorder.heard.includes('(interrupted)'));
    proxy.mend();
    await eventually(async () => (await subscription.isLive()) && (await before.subscription.isLive()), {
      withinMs: 15_000,
    });
    expect(before.recorder.heard).toEqual(['(subscribed)', '(interrupted)', '(subscribed)']);
    expect(recorder.heard).toEqual(['(subscribed)']);
  });

  it('is noticed by a process that only listens', async () => {
    const { recorder } = await subscribed(subscriber, channel);
    proxy.set('half-open');
    await eventually(() => recorder.heard.includes('(interrupted)'), { withinMs: 20_000 });
    expect(recorder.heard).toEqual(['(subscribed)', '(interrupted)']);
  });

  it('from the first connection on does not hold up a subscription, and is replaced', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume())).listen(0);
    await once(silent, 'listening');
    const waiting = subscriberAt((silent.address() as AddressInfo).port);
    await eventually(() => sockets.length > 0);
    const subscription = waiting.subscribe(channel, new Recorder());
    await subscription.attempted;
    await expect(subscription.isLive()).resolves.toBe(false);
    await eventually(() => sockets.length > 1, { withinMs: 15_000 });
    waiting.onApplicationShutdown();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('Redis refusing a channel', () => {
  let folder: string;
  let processes: Processes;
  let admin: Redis;
  let refused: RedisSubscriber;

  beforeAll(async () => {
    // Permissions are the server's: one of the test's own.
    folder = await mkdtemp(`${tmpdir()}/redis-`);
    processes = new Processes();
    const port = await freePort();
    await startRedis(processes, { program: await provideRedis(() => undefined), folder, port, durable: false });
    admin = new Redis(port);
    await admin.acl('SETUSER', 'default', 'resetchannels', '&allowed:*');
    refused = subscriberAt(port);
  });

  afterAll(async () => {
    refused.onApplicationShutdown();
    admin.disconnect();
    await processes.stop();
    await rm(folder, { recursive: true });
  });

  it('settles, subscribes to the others, and tries again until it is granted', async () => {
    await subscribed(refused, 'allowed:first');
    const recorder = new Recorder();
    const subscription = refused.subscribe('forbidden', recorder);
    await subscription.attempted;
    await expect(subscription.isLive()).resolves.toBe(false);
    // One connection carries both: what is refused must not keep what is allowed from coming back.
    const allowed = await subscribed(refused, 'allowed:second');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => allowed.recorder.heard.length === 3);
    expect(recorder.heard).toEqual([]);
    await admin.acl('SETUSER', 'default', 'allchannels');
    await eventually(() => subscription.isLive());
    await admin.publish('forbidden', '1');
    await eventually(() => recorder.heard.includes('1'));
    expect(recorder.heard).toEqual(['(subscribed)', '1']);
  });
});

describe('shutdown', () => {
  it('ends the connection and lets later calls do nothing', async () => {
    const { recorder, subscription } = await subscribed(subscriber, channel);
    subscriber.onApplicationShutdown();
    await eventually(() => recorder.heard.includes('(interrupted)'));
    await eventually(async () => (await subscribersOf(channel)) === 0);
    const late = subscriber.subscribe(channel, new Recorder());
    await late.attempted;
    await expect(late.isLive()).resolves.toBe(false);
    late.close();
    subscription.close();
    subscriber.onApplicationShutdown();
    expect(recorder.heard).toEqual(['(subscribed)', '(interrupted)']);
  });

  const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  it.each([
    ['before any connection', () => undefined],
    ['when all is well', () => undefined],
    ['while Redis is away', (network: TcpProxy) => network.sever()],
    ['while Redis hangs', (network: TcpProxy) => network.set('half-open')],
  ])('leaves nothing behind that keeps the process, %s', async (when, disturb) => {
    await subscribed(subscriber, channel);
    const [socketsBefore, timersBefore] = [sockets(), timers()];
    const own = await TcpProxy.to(target.host, target.port);
    const ending = subscriberAt(own.port);
    if (when !== 'before any connection') {
      const { recorder, subscription } = await subscribed(ending, channel);
      disturb(own);
      if (when === 'while Redis is away') await eventually(() => recorder.heard.includes('(interrupted)'));
      if (when === 'while Redis hangs') await eventually(async () => !(await subscription.isLive()));
    }
    ending.onApplicationShutdown();
    await eventually(() => {
      expect(sockets()).toBeLessThanOrEqual(socketsBefore);
      expect(timers()).toBeLessThanOrEqual(timersBefore);
      return true;
    });
    await own.close();
  });
});
