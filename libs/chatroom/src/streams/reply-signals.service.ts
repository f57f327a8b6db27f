import { setTimeout } from 'node:timers/promises';
import { replyChannel, type ReplySignal } from '@app/contracts';
import { RedisConfig, redisOptions } from '@app/platform';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { isFinal } from '../messages/message.row.js';
import { MessageStore } from '../messages/message.store.js';

/** What a reader may find in its mailbox; `resync`: something may have been missed, look at the stores again. */
export type Mail = ReplySignal | { type: 'resync' };

/** How many signals wait for a slow reader; beyond that it catches up from the log instead. */
const MAILBOX_SIZE = 64;

/** How long opening a mailbox waits for Redis. */
const PATIENCE_MS = 300;

/** A connection on which nothing has come for so long after a command is replaced. */
const SILENCE_MS = 5_000;

/** How often PostgreSQL is asked about replies whose signals have fallen silent: Redis may be away. */
const POLL_MS = 1_000;

/** One reader's signals, in order. Holds a bounded number; what overflows becomes one `resync`. */
export class Mailbox {
  private mail: Mail[] = [];
  private wake: (() => void) | null = null;
  lastMailAt = Date.now();
  /** The attempt that the reader knows of, for whoever looks whether it missed one. */
  attempt = 0;

  put(mail: Mail): void {
    this.lastMailAt = Date.now();
    if (this.mail.length >= MAILBOX_SIZE) this.mail = [{ type: 'resync' }];
    this.mail.push(mail);
    this.wake?.();
  }

  /** The next signal; null once the reader is gone. */
  async take(gone: AbortSignal): Promise<Mail | null> {
    while (this.mail.length === 0 && !gone.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          gone.removeEventListener('abort', done);
          resolve();
        };
        this.wake = done;
        gone.addEventListener('abort', done, { once: true });
      });
    }
    return gone.aborted ? null : (this.mail.shift() ?? null);
  }
}

/** This process's readers of one reply. */
interface Audience {
  mailboxes: Set<Mailbox>;
  /** Settled once Redis has confirmed the subscription, or refused it. */
  subscribed: Promise<unknown>;
}

/** Brings the workers' signals to this process's readers, over one Redis connection for all of them. */
@Injectable()
export class ReplySignals implements OnApplicationShutdown {
  private readonly logger = new Logger(ReplySignals.name);
  private readonly audiences = new Map<string, Audience>();
  private readonly subscriber: Redis;
  private readonly timer = setInterval(() => void this.poll(), POLL_MS);
  private polling = false;

  constructor(
    private readonly messages: MessageStore,
    config: RedisConfig,
  ) {
    // Nothing is kept for a Redis that is away, or silent: what there is to hear is asked for when it is back.
    this.subscriber = new Redis({
      ...redisOptions(config),
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: SILENCE_MS,
    });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => void this.subscribeAll());
    this.subscriber.on('message', (channel: string, message: string) => {
      const mail = JSON.parse(message) as ReplySignal;
      for (const mailbox of this.mailboxesOf(channel)) mailbox.put(mail);
    });
  }

  /**
   * Opens a mailbox. Signals arrive from the moment that this resolves; where Redis isn't there, or silent, they come
   * later, and a `resync` with the first of them.
   */
  async open(replyId: string): Promise<Mailbox> {
    const channel = replyChannel(replyId);
    const audience = this.audiences.get(channel) ?? {
      mailboxes: new Set(),
      subscribed: this.subscriber.subscribe(channel).catch(() => undefined),
    };
    const mailbox = new Mailbox();
    audience.mailboxes.add(mailbox);
    this.audiences.set(channel, audience);
    const subscribed = audience.subscribed.then(() => true);
    // What was signalled before a late subscription is found by looking again after it.
    if (!(await Promise.race([subscribed, setTimeout(PATIENCE_MS, false, { ref: false })]))) {
      void subscribed.then(() => mailbox.put({ type: 'resync' }));
    }
    return mailbox;
  }

  /** Closes a mailbox; the last one of a reply ends its subscription. */
  close(replyId: string, mailbox: Mailbox): void {
    const channel = replyChannel(replyId);
    const mailboxes = this.audiences.get(channel)?.mailboxes;
    mailboxes?.delete(mailbox);
    if (mailboxes?.size !== 0) return;
    this.audiences.delete(channel);
    this.subscriber.unsubscribe(channel).catch(() => undefined);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.subscriber.disconnect();
  }

  /** After a time without Redis: what was signalled meanwhile is found by looking again. */
  private async subscribeAll(): Promise<void> {
    const channels = [...this.audiences.keys()];
    if (channels.length === 0) return;
    await this.subscriber.subscribe(...channels).catch(() => undefined);
    for (const channel of channels) {
      for (const mailbox of this.mailboxesOf(channel)) mailbox.put({ type: 'resync' });
    }
  }

  private mailboxesOf(channel: string): Iterable<Mailbox> {
    return this.audiences.get(channel)?.mailboxes ?? [];
  }

  /** One question for all silent replies together: has one ended, or begun anew, without a signal? */
  private async poll(): Promise<void> {
    const silentSince = Date.now() - POLL_MS;
    const isSilent = ({ mailboxes }: Audience) => [...mailboxes].some((mailbox) => mailbox.lastMailAt < silentSince);
    const silent = [...this.audiences].filter(([, audience]) => isSilent(audience)).map(([channel]) => channel);
    if (silent.length === 0 || this.polling) return;
    this.polling = true;
    try {
      const prefix = replyChannel('').length;
      const seen = new Set<string>();
      const ids = silent.map((channel) => channel.slice(prefix));
      for (const { id, status, fence } of await this.messages.progress(ids)) {
        seen.add(replyChannel(id));
        for (const mailbox of this.mailboxesOf(replyChannel(id))) {
          if (isFinal(status) || fence !== mailbox.attempt) mailbox.put({ type: 'resync' });
        }
      }
      // Deleted meanwhile: its readers find that out by looking again.
      for (const channel of silent)
        if (!seen.has(channel)) for (const mailbox of this.mailboxesOf(channel)) mailbox.put({ type: 'resync' });
    } catch (error) {
      this.logger.warn(`The progress of open streams could not be read: ${(error as Error).message}`);
    } finally {
      this.polling = false;
    }
  }
}
