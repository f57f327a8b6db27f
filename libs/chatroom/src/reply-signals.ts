import { replyChannel, type ReplySignal } from '@app/contracts';
import { RedisConfig, redisOptions } from '@app/platform';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { isFinal } from './message.row.js';
import { MessageStore } from './message.store.js';

/** What a reader may find in its mailbox; `resync`: something may have been missed, look at the stores again. */
export type Mail = ReplySignal | { type: 'resync' };

/** How many signals wait for a slow reader; beyond that it catches up from the log instead. */
const MAILBOX_SIZE = 64;

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

/** Brings the workers' signals to this process's readers, over one Redis connection for all of them. */
@Injectable()
export class ReplySignals implements OnApplicationShutdown {
  private readonly logger = new Logger(ReplySignals.name);
  private readonly mailboxes = new Map<string, Set<Mailbox>>();
  private readonly subscriber: Redis;
  private readonly timer = setInterval(() => void this.poll(), POLL_MS);
  private polling = false;

  constructor(
    private readonly messages: MessageStore,
    config: RedisConfig,
  ) {
    // Redis away: subscriptions wait for it, and are made again by themselves when it is back.
    this.subscriber = new Redis({ ...redisOptions(config), maxRetriesPerRequest: null, lazyConnect: true });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => this.putAll({ type: 'resync' }));
    this.subscriber.on('message', (channel: string, message: string) => {
      const mail = JSON.parse(message) as ReplySignal;
      for (const mailbox of this.mailboxes.get(channel) ?? []) mailbox.put(mail);
    });
  }

  /** Opens a mailbox. Signals arrive from the moment that this resolves; with Redis away it doesn't wait. */
  async open(replyId: string): Promise<Mailbox> {
    const channel = replyChannel(replyId);
    const mailbox = new Mailbox();
    const others = this.mailboxes.get(channel);
    if (others !== undefined) {
      others.add(mailbox);
      return mailbox;
    }
    this.mailboxes.set(channel, new Set([mailbox]));
    const subscribed = this.subscriber.subscribe(channel).catch(() => undefined);
    // What was signalled before a late subscription is found by looking again after it.
    void subscribed.then(() => mailbox.put({ type: 'resync' }));
    if (this.subscriber.status === 'ready') await subscribed;
    return mailbox;
  }

  /** Closes a mailbox; the last one of a reply ends its subscription. */
  close(replyId: string, mailbox: Mailbox): void {
    const channel = replyChannel(replyId);
    const others = this.mailboxes.get(channel);
    others?.delete(mailbox);
    if (others?.size !== 0) return;
    this.mailboxes.delete(channel);
    this.subscriber.unsubscribe(channel).catch(() => undefined);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.subscriber.disconnect();
  }

  private putAll(mail: Mail): void {
    for (const mailboxes of this.mailboxes.values()) for (const mailbox of mailboxes) mailbox.put(mail);
  }

  /** One question for all silent replies together: has one ended, or begun anew, without a signal? */
  private async poll(): Promise<void> {
    const silentSince = Date.now() - POLL_MS;
    const silent = [...this.mailboxes].filter(([, boxes]) => [...boxes].some((box) => box.lastMailAt < silentSince));
    if (silent.length === 0 || this.polling) return;
    this.polling = true;
    try {
      const prefix = replyChannel('').length;
      const seen = new Set<string>();
      for (const { id, status, fence } of await this.messages.progress(
        silent.map(([channel]) => channel.slice(prefix)),
      )) {
        seen.add(replyChannel(id));
        for (const mailbox of this.mailboxes.get(replyChannel(id)) ?? []) {
          if (isFinal(status) || fence !== mailbox.attempt) mailbox.put({ type: 'resync' });
        }
      }
      // Deleted meanwhile: its readers find that out by looking again.
      for (const [channel, boxes] of silent)
        if (!seen.has(channel)) for (const box of boxes) box.put({ type: 'resync' });
    } catch (error) {
      this.logger.warn(`The progress of open streams could not be read: ${(error as Error).message}`);
    } finally {
      this.polling = false;
    }
  }
}
