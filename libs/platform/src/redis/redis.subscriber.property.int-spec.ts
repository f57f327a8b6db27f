import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { eventually } from '../../../../test/support/eventually.js';
import { testRedis } from '../../../../test/support/services.js';
import { TcpProxy } from '../../../../test/support/http/tcp-proxy.js';
import { RedisConfig } from './redis.config.js';
import { type ChannelListener, type ChannelSubscription, RedisSubscriber } from './redis.subscriber.js';

let redis: Redis;
let proxy: TcpProxy;

beforeAll(async () => {
  const target = await testRedis();
  redis = new Redis(target);
  proxy = await TcpProxy.to(target.host, target.port);
});

afterAll(async () => {
  redis.disconnect();
  await proxy.close();
});

function startSubscriber(): RedisSubscriber {
  const subscriber = new RedisSubscriber(
    Object.assign(new RedisConfig(), { REDIS_HOST: '127.0.0.1', REDIS_PORT: proxy.port }),
  );
  subscriber.onApplicationBootstrap();
  return subscriber;
}

const ACTS = { subscribe: 4, publish: 8, close: 3, cut: 1, turn: 4, settle: 2 };

interface Step {
  act: keyof typeof ACTS;
  /** Of a channel or, to close it, of a listener. */
  index: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    act: fc.oneof(
      ...Object.entries(ACTS).map(([act, weight]) => ({ weight, arbitrary: fc.constant(act as Step['act']) })),
    ),
    index: fc.nat(11),
  }),
  { minLength: 5, maxLength: 60 },
);

/** One listener of the property, and what it was promised: every message from `onSubscribed` on until `onInterrupted`. */
class Promised implements ChannelListener {
  readonly episodes: { from: number; received: number[] }[] = [];
  active = false;
  closed = false;
  subscription: ChannelSubscription | undefined;

  /** @param published the channel's messages so far */
  constructor(
    readonly name: string,
    private readonly published: () => number,
  ) {}

  onMessage(message: string): void {
    const [name, number] = message.split(' ');
    assert.deepEqual([name, this.closed], [this.name, false]);
    if (this.active) this.episodes.at(-1)?.received.push(Number(number));
  }

  onSubscribed(): void {
    assert.deepEqual([this.active, this.closed], [false, false]);
    this.active = true;
    this.episodes.push({ from: this.published(), received: [] });
  }

  onInterrupted(): void {
    assert.deepEqual([this.active, this.closed], [true, false]);
    this.active = false;
  }

  close(): void {
    this.subscription?.close();
    this.active = false;
    this.closed = true;
  }

  /** No gap within an episode or at its beginning; one that goes on has everything. */
  check(): void {
    for (const { from, received } of this.episodes) {
      const first = received[0] ?? from;
      assert.ok(first <= from);
      assert.deepEqual(
        received,
        received.map((_, index) => first + index),
      );
    }
    if (this.active) assert.equal(this.episodes.at(-1)?.received.at(-1), this.published() - 1);
  }
}

/** A subscriber, its listeners, and what was published. */
class Interleaving implements Record<Step['act'], (index: number) => unknown> {
  readonly faults: unknown[] = [];
  private readonly subscriber = startSubscriber();
  private readonly run = randomUUID();
  private readonly published = [0, 0, 0];
  private readonly listeners: Promised[] = [];
  private readonly publishing: Promise<unknown>[] = [];

  subscribe(index: number): void {
    const listener = new Promised(this.nameOf(index), () => this.published[index % 3] ?? 0);
    this.listeners.push(listener);
    listener.subscription = this.subscriber.subscribe(listener.name, {
      onMessage: (message) => this.guard(() => listener.onMessage(message)),
      onSubscribed: () => this.guard(() => listener.onSubscribed()),
      onInterrupted: () => this.guard(() => listener.onInterrupted()),
    });
  }

  publish(index: number): void {
    const number = this.published[index % 3] ?? 0;
    this.published[index % 3] = number + 1;
    this.publishing.push(redis.publish(this.nameOf(index), `${this.nameOf(index)} ${number}`));
  }

  close(index: number): void {
    this.listeners[index % Math.max(1, this.listeners.length)]?.close();
  }

  cut(): void {
    proxy.reset();
  }

  turn(): Promise<void> {
    return turn();
  }

  /** Waits until every listener is subscribed. */
  async settle(): Promise<void> {
    await eventually(() => this.listeners.every(({ active, closed }) => active || closed));
  }

  /** Waits until every promise is kept, behind the last cut: until that is noticed, listeners seem to be subscribed. */
  async end(): Promise<void> {
    await eventually(() => this.subscriber['connection'].ping());
    await this.settle();
    for (const index of [0, 1, 2]) this.publish(index);
    await Promise.all(this.publishing);
    await eventually(() => {
      for (const listener of this.listeners) listener.check();
      return true;
    });
  }

  stop(): void {
    for (const listener of this.listeners) listener.close();
    this.subscriber.onApplicationShutdown();
  }

  private nameOf(index: number): string {
    return `test:${this.run}:${index % 3}`;
  }

  /** The subscriber survives a listener that throws, so what one expects in vain is kept for later. */
  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.faults.push(error);
    }
  }
}

it('keeps its promise to every listener, however subscriptions, messages and cuts interleave', async () => {
  const property = fc.asyncProperty(steps, async (all) => {
    const interleaving = new Interleaving();
    for (const { act, index } of all) await interleaving[act](index);
    await interleaving.end();
    interleaving.stop();
    expect(interleaving.faults).toEqual([]);
  });
  await fc.assert(property, { numRuns: 100, interruptAfterTimeLimit: 60_000 });
}, 120_000);
