import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { PeriodicTask } from '../periodic/periodic-task.js';
import { withTimeout } from '../timeout/with-timeout.js';
import { ClusterNodes } from './cluster-nodes.js';
import { RedisConfig } from './redis.config.js';
import { redisOptions } from './redis-options.js';

/** Listens on a channel. Between `onSubscribed` and `onInterrupted` every message arrives, in order. */
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
  /** Whether the subscription is in force and Redis answers within a second: a dead connection may seem open. Never fails. */
  isLive(): Promise<boolean>;
  /** Ends it; the last one of a channel ends the channel's subscription at Redis. The listener hears nothing more. */
  close(): void;
}

/** A listener, and whether it knows its subscription to be in force. */
interface Member {
  readonly listener: ChannelListener;
  subscribed: boolean;
}

/** A channel that is listened on in this process. Its members share one subscription at Redis. */
interface Channel {
  readonly name: string;
  readonly members: Set<Member>;
  /** Settles when Redis has answered the latest SUBSCRIBE. */
  attempted: Promise<void>;
  /** Whether Redis has confirmed it on the present connection. */
  subscribed: boolean;
}

/** How long Redis may take to answer before it counts as away. */
const ANSWER_TIMEOUT_MS = 1_000;

/** A connection on which nothing has come for so long after a command is replaced. */
const SILENCE_MS = 5_000;

/** The pause before subscriptions that Redis has refused are tried again. */
const RETRY_MS = 1_000;

/**
 * The process's one connection for Redis' channels, in a cluster to any of its nodes, since each hears what is published at
 * the others. Redis keeps no messages for a subscriber that is away, so listeners
 * are told where there may be a gap, and read what they missed from where the truth is.
 */
@Injectable()
export class RedisSubscriber implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RedisSubscriber.name);
  private readonly channels = new Map<string, Channel>();
  private readonly connection: Redis;
  /** A subscriber only listens: without a command now and then a dead connection would never be noticed. */
  private readonly check = new PeriodicTask({
    name: 'Asking Redis for an answer',
    intervalMs: SILENCE_MS,
    run: () => this.answers(),
  });
  private retry: NodeJS.Timeout | undefined;
  private refused = false;

  constructor(@Inject(RedisConfig) config: RedisConfig) {
    const nodes = config.REDIS_CLUSTER ? new ClusterNodes(config.nodes) : null;
    // Nothing is kept for a Redis that is away or silent: on a new connection everything is subscribed to anew.
    this.connection = new Redis({
      ...redisOptions(config),
      ...nodes?.current,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: SILENCE_MS,
    });
    // The shared client reports the same outage.
    this.connection.on('error', () => undefined);
    this.connection.on('ready', () => {
      void nodes?.learnFrom(this.connection);
      this.requestMissing();
    });
    this.connection.on('close', () => {
      // The next connection is made to what the options say by then.
      Object.assign(this.connection.options, nodes?.next());
      this.interrupt();
    });
    this.connection.on('message', (name: string, message: string) => {
      const channel = this.channels.get(name);
      if (channel !== undefined) this.tell(channel, ({ listener }) => listener.onMessage(message));
    });
  }

  onApplicationBootstrap(): void {
    this.connect();
    this.check.start();
  }

  onApplicationShutdown(): void {
    this.check.stop();
    clearTimeout(this.retry);
    this.connection.disconnect();
  }

  /** Replaces an open connection, so that it leads to the server that the address stands for now. */
  reconnect(): void {
    if (this.connection.status === 'ready') this.connection.disconnect(true);
  }

  /** Listens on a channel until the subscription is closed, over any number of connections. */
  subscribe(name: string, listener: ChannelListener): ChannelSubscription {
    const channel = this.channels.get(name) ?? this.open(name);
    const member: Member = { listener, subscribed: false };
    channel.members.add(member);
    return {
      // A channel that is subscribed to already has a new member to tell.
      attempted: channel.attempted.then(() => this.tellSubscribed(channel)),
      isLive: async () => member.subscribed && (await this.answers()) && member.subscribed,
      close: () => this.close(channel, member),
    };
  }

  private open(name: string): Channel {
    const channel = { name, members: new Set<Member>(), attempted: Promise.resolve(), subscribed: false };
    this.channels.set(name, channel);
    this.connect();
    this.request(channel);
    return channel;
  }

  private close(channel: Channel, member: Member): void {
    member.subscribed = false;
    channel.members.delete(member);
    if (channel.members.size > 0 || this.channels.get(channel.name) !== channel) return;
    this.channels.delete(channel.name);
    if (this.connection.status === 'ready') this.connection.unsubscribe(channel.name).catch(() => undefined);
  }

  private connect(): void {
    // It keeps trying by itself.
    if (this.connection.status === 'wait') this.connection.connect().catch(() => undefined);
  }

  /** Asks Redis for a channel on the present connection; without one, `ready` does it. */
  private request(channel: Channel): void {
    if (this.connection.status !== 'ready') return;
    channel.attempted = this.connection.subscribe(channel.name).then(
      () => this.confirm(channel),
      (error: Error) => this.requestLater(error),
    );
  }

  private requestMissing(): void {
    for (const channel of this.channels.values()) if (!channel.subscribed) this.request(channel);
  }

  /** A connection that stays open may have refused. A broken one is replaced anyway, which `ready` tells. */
  private requestLater(error: Error): void {
    if (this.connection.status !== 'ready') return;
    if (!this.refused) this.logger.warn(`Redis refuses a subscription: ${error.message}`);
    this.refused = true;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.requestMissing(), RETRY_MS).unref();
  }

  private confirm(channel: Channel): void {
    this.refused = false;
    // It was closed meanwhile. Another one of its name has its own SUBSCRIBE, behind the UNSUBSCRIBE of this one.
    if (this.channels.get(channel.name) !== channel) return;
    channel.subscribed = true;
    this.tellSubscribed(channel);
  }

  private tellSubscribed(channel: Channel): void {
    if (!channel.subscribed) return;
    this.tell(channel, (member) => {
      if (member.subscribed) return;
      member.subscribed = true;
      member.listener.onSubscribed?.();
    });
  }

  private interrupt(): void {
    for (const channel of this.channels.values()) {
      channel.subscribed = false;
      this.tell(channel, (member) => {
        if (!member.subscribed) return;
        member.subscribed = false;
        member.listener.onInterrupted?.();
      });
    }
  }

  /** Calls a channel's listeners; those that another one closes meanwhile hear nothing, and one that throws stops no other. */
  private tell(channel: Channel, call: (member: Member) => void): void {
    for (const member of [...channel.members]) {
      if (!channel.members.has(member)) continue;
      try {
        call(member);
      } catch (error) {
        this.logger.error('A listener of a channel failed', error);
      }
    }
  }

  private answers(): Promise<boolean> {
    const answered = this.connection.ping().then(
      () => true,
      () => false,
    );
    return withTimeout(ANSWER_TIMEOUT_MS, answered, () => false);
  }
}
