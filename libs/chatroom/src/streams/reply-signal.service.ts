import { replyChannel, type ReplySignal } from '@app/contracts';
import { type ChannelSubscription, PeriodicTask, StreamsRedisSubscriber, withTimeout } from '@app/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { isFinal, type MessageAddress } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';
import { type FeedListener, ReplyFeed } from './reply-feed.js';
import { type Signal, WrittenSignal } from './reply-signal.js';

/** How long opening waits for Redis. */
const SUBSCRIBE_TIMEOUT_MS = 300;

/** How often PostgreSQL is asked about replies whose signals have fallen silent: Redis may be away. */
const POLL_MS = 1_000;

/** A reply that this process follows. */
interface FollowedReply {
  feed: ReplyFeed;
  subscription: ChannelSubscription;
}

/** Brings the workers' signals to this process's readers. */
@Injectable()
export class ReplySignalService implements OnApplicationBootstrap, OnApplicationShutdown {
  /** By room and id: whoever asks for a reply in a wrong room shares nothing with its readers. */
  private readonly followed = new Map<string, FollowedReply>();
  private readonly polling = new PeriodicTask({
    name: 'Reading the progress of open streams',
    intervalMs: POLL_MS,
    run: () => this.poll(),
  });

  constructor(
    private readonly messages: MessageStore,
    private readonly redis: StreamsRedisSubscriber,
  ) {}

  onApplicationBootstrap(): void {
    this.polling.start();
  }

  onApplicationShutdown(): void {
    this.polling.stop();
  }

  /**
   * Adds a listener to a reply's feed. Signals arrive from the moment that this resolves; where Redis is away or silent they
   * come later, and a `resync` before the first of them.
   */
  async open<Listener extends FeedListener>(
    reply: MessageAddress,
    listen: (feed: ReplyFeed) => Listener,
  ): Promise<Listener> {
    const { feed, subscription } = this.followed.get(keyOf(reply)) ?? this.follow(reply);
    const listener = listen(feed);
    feed.listeners.add(listener);
    const subscribed = subscription.attempted.then(() => true);
    if (!(await withTimeout(SUBSCRIBE_TIMEOUT_MS, subscribed, () => false))) {
      // What was signalled before a late subscription is found by reading the stores after it.
      void subscribed.then(() => feed.put({ type: 'resync' }));
    }
    return listener;
  }

  /** Removes a listener; the last one of a reply ends its subscription. Repeatable. */
  close({ reply, listeners }: ReplyFeed, listener: FeedListener): void {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    const key = keyOf(reply);
    this.followed.get(key)?.subscription.close();
    this.followed.delete(key);
  }

  private follow({ chatroomId, id: replyId }: MessageAddress): FollowedReply {
    const feed = new ReplyFeed({ chatroomId, id: replyId });
    let attempting = true;
    const subscription = this.redis.subscribe(replyChannel(replyId), {
      onMessage: (message) => feed.put(signalOf(replyId, JSON.parse(message) as ReplySignal)),
      // The first attempt is waited for by whoever opens the feed, and misses nothing.
      onSubscribed: () => (attempting ? undefined : feed.put({ type: 'resync' })),
    });
    void subscription.attempted.then(() => (attempting = false));
    const followed = { feed, subscription };
    this.followed.set(keyOf(feed.reply), followed);
    return followed;
  }

  /** One query for all silent replies together: has one ended, or begun anew, without a signal? */
  private async poll(): Promise<void> {
    const silentSince = Date.now() - POLL_MS;
    const silent = [...this.followed.values()].filter(({ feed }) => feed.lastSignalAt < silentSince);
    if (silent.length === 0) return;
    const rows = await this.messages.progress(silent.map(({ feed }) => feed.reply));
    const progress = new Map(rows.map((row) => [row.id, row]));
    for (const { feed } of silent) {
      const row = progress.get(feed.reply.id);
      // A reply without a row was deleted meanwhile: its readers find that out by reading the stores.
      if (row === undefined || isFinal(row.status) || row.attempt > feed.attempt) feed.put({ type: 'resync' });
    }
  }
}

const keyOf = ({ chatroomId, id }: MessageAddress): string => `${chatroomId} ${id}`;

const signalOf = (replyId: string, signal: ReplySignal): Signal =>
  signal.type === 'delta' || signal.type === 'thought'
    ? new WrittenSignal(replyId, signal.type, signal.attempt, signal.offset, signal.text)
    : signal;
