import { replyChannel, type ReplySignal } from '@app/contracts';
import { type ChannelSubscription, PeriodicTask, RedisSubscriber, withTimeout } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { isFinal } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { type Signal, SignalBuffer } from './signal-buffer.js';

/** How long opening a buffer waits for Redis. */
const SUBSCRIBE_TIMEOUT_MS = 300;

/** How often PostgreSQL is asked about replies whose signals have fallen silent: Redis may be away. */
const POLL_MS = 1_000;

/** This process's readers of one reply. */
interface ReplySubscribers {
  buffers: Set<SignalBuffer>;
  subscription: ChannelSubscription;
}

/** Brings the workers' signals to this process's readers. */
@Injectable()
export class ReplySignalService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly subscribers = new Map<string, ReplySubscribers>();
  private readonly polling = new PeriodicTask({
    name: 'Reading the progress of open streams',
    intervalMs: POLL_MS,
    run: () => this.poll(),
  });

  constructor(
    private readonly messages: MessageStore,
    private readonly redis: RedisSubscriber,
  ) {}

  onApplicationBootstrap(): void {
    this.polling.start();
  }

  onApplicationShutdown(): void {
    this.polling.stop();
  }

  /**
   * Opens a buffer. Signals arrive from the moment that this resolves; where Redis is away or silent they come later, and a
   * `resync` before the first of them.
   */
  async open(replyId: string): Promise<SignalBuffer> {
    const buffer = new SignalBuffer();
    const known = this.subscribers.get(replyId);
    const { buffers, subscription } = known ?? this.subscribe(replyId);
    buffers.add(buffer);
    const subscribed = subscription.attempted.then(() => true);
    if (!(await withTimeout(SUBSCRIBE_TIMEOUT_MS, subscribed, () => false))) {
      // What was signalled before a late subscription is found by reading the stores after it.
      void subscribed.then(() => buffer.put({ type: 'resync' }));
    }
    return buffer;
  }

  /** Closes a buffer; the last one of a reply ends its subscription. */
  close(replyId: string, buffer: SignalBuffer): void {
    const subscribers = this.subscribers.get(replyId);
    if (subscribers?.buffers.delete(buffer) !== true || subscribers.buffers.size > 0) return;
    this.subscribers.delete(replyId);
    subscribers.subscription.close();
  }

  private subscribe(replyId: string): ReplySubscribers {
    const buffers = new Set<SignalBuffer>();
    const putAll = (signal: Signal): void => {
      for (const buffer of buffers) buffer.put(signal);
    };
    let attempting = true;
    const subscription = this.redis.subscribe(replyChannel(replyId), {
      onMessage: (message) => putAll(JSON.parse(message) as ReplySignal),
      // The first attempt is waited for by whoever opens a buffer, and misses nothing.
      onSubscribed: () => (attempting ? undefined : putAll({ type: 'resync' })),
    });
    void subscription.attempted.then(() => (attempting = false));
    const subscribers = { buffers, subscription };
    this.subscribers.set(replyId, subscribers);
    return subscribers;
  }

  /** One query for all silent replies together: has one ended, or begun anew, without a signal? */
  private async poll(): Promise<void> {
    const silentSince = Date.now() - POLL_MS;
    const isSilent = ({ buffers }: ReplySubscribers) =>
      [...buffers].some(({ lastSignalAt }) => lastSignalAt < silentSince);
    const silent = [...this.subscribers].filter(([, subscribers]) => isSilent(subscribers)).map(([id]) => id);
    if (silent.length === 0) return;
    const progress = new Map((await this.messages.progress(silent)).map((row) => [row.id, row]));
    for (const id of silent) {
      const row = progress.get(id);
      for (const buffer of this.subscribers.get(id)?.buffers ?? []) {
        // A reply without a row was deleted meanwhile: its readers find that out by reading the stores.
        const missed = row === undefined || isFinal(row.status) || row.attempt !== buffer.attempt;
        if (missed) buffer.put({ type: 'resync' });
      }
    }
  }
}
