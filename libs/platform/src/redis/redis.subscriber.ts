import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RedisConfig } from './redis.config.js';
import { redisOptions } from './redis-options.js';

/** Who listens on a channel. */
export interface ChannelListener {
  /** A message was published. */
  onMessage(message: string): void;
  /** The subscription is in force, for the first time or again: messages before this may have been missed. */
  onSubscribed?(): void;
  /** The connection broke: until the next `onSubscribed` messages are missed. */
  onInterrupted?(): void;
}

/** One listener's subscription to one channel. */
export interface ChannelSubscription {
  /** Settles when Redis has confirmed the subscription, or can't now: then `onSubscribed` says when it has. Never fails. */
  readonly attempted: Promise<void>;
  /** Whether Redis answers on the connection and the subscription is in force: a dead connection may look open. */
  isLive(): Promise<boolean>;
  /** Ends it; the last one of a channel ends the channel's subscription at Redis. */
  close(): void;
}

interface Channel {
  listeners: Set<ChannelListener>;
  attempted: Promise<void>;
  /** Whether Redis has confirmed it on the present connection. */
  subscribed: boolean;
}

/** A connection on which nothing has come for so long after a command is replaced. */
const SILENCE_MS = 5_000;

/** The pause before subscriptions that Redis has refused are tried again. */
const RETRY_MS = 1_000;

/**
 * The process's one connection for Redis' channels. Redis keeps no messages for a subscriber that is away, so listeners
 * are told where there may be a gap, and read what they missed from where the truth is.
 */
@Injectable()
export class RedisSubscriber implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly channels = new Map<string, Channel>();
  private readonly connection: Redis;
  private retry: NodeJS.Timeout | undefined;

  constructor(@Inject(RedisConfig) config: RedisConfig) {
    // Nothing is kept for a Redis that is away or silent: on a new connection everything is subscribed to anew.
    this.connection = new Redis({
      ...redisOptions(config),
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: SILENCE_MS,
    });
    // The shared client reports the same outage.
    this.connection.on('error', () => undefined);
    this.connection.on('ready', () => void this.subscribeTo([...this.channels.keys()]));
    this.connection.on('close', () => this.interrupt());
    this.connection.on('message', (name: string, message: string) => {
      for (const listener of this.listenersOf(name)) listener.onMessage(message);
    });
  }

  onApplicationBootstrap(): void {
    this.connect();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.retry);
    this.connection.disconnect();
  }

  /** Listens on a channel until the subscription is closed, over any number of connections. */
  subscribe(name: string, listener: ChannelListener): ChannelSubscription {
    const known = this.channels.get(name);
    const channel = known ?? { listeners: new Set(), attempted: Promise.resolve(), subscribed: false };
    channel.listeners.add(listener);
    if (known === undefined) {
      this.channels.set(name, channel);
      channel.attempted = this.subscribeTo([name]);
    } else if (channel.subscribed) listener.onSubscribed?.();
    return {
      attempted: channel.attempted,
      isLive: async () => channel.subscribed && (await this.answers()) && channel.subscribed,
      close: () => this.close(name, channel, listener),
    };
  }

  private close(name: string, channel: Channel, listener: ChannelListener): void {
    channel.listeners.delete(listener);
    if (channel.listeners.size > 0 || this.channels.get(name) !== channel) return;
    this.channels.delete(name);
    if (this.connection.status === 'ready') this.connection.unsubscribe(name).catch(() => undefined);
  }

  private connect(): void {
    // It keeps trying by itself.
    if (this.connection.status === 'wait') this.connection.connect().catch(() => undefined);
  }

  /** Subscribes on the present connection; without one, `ready` does it. */
  private async subscribeTo(names: string[]): Promise<void> {
    this.connect();
    if (names.length === 0 || this.connection.status !== 'ready') return;
    try {
      await this.connection.subscribe(...names);
    } catch {
      this.retryLater();
      return;
    }
    for (const name of names) {
      const channel = this.channels.get(name);
      if (channel !== undefined) channel.subscribed = true;
      for (const listener of this.listenersOf(name)) listener.onSubscribed?.();
    }
  }

  /** A connection that is open may refuse: then all that is missing is tried again. A broken one is replaced anyway. */
  private retryLater(): void {
    clearTimeout(this.retry);
    const missing = () => [...this.channels].filter(([, { subscribed }]) => !subscribed).map(([name]) => name);
    this.retry = setTimeout(() => void this.subscribeTo(missing()), RETRY_MS).unref();
  }

  private interrupt(): void {
    for (const channel of this.channels.values()) {
      if (!channel.subscribed) continue;
      channel.subscribed = false;
      for (const listener of channel.listeners) listener.onInterrupted?.();
    }
  }

  private answers(): Promise<boolean> {
    return this.connection.ping().then(
      () => true,
      () => false,
    );
  }

  private listenersOf(name: string): ChannelListener[] {
    return [...(this.channels.get(name)?.listeners ?? [])];
  }
}
