import { type ChatError, toChatError } from '../errors.js';
import { newIdempotencyKey } from '../idempotency-key.js';
import type {
  AcceptedMessage,
  ChatClient,
  Conversation,
  Feedback,
  Message,
  Quota,
  Reply,
  ReplyEvent,
  Room,
} from '../types.js';
import type { ConversationActions, ConversationState, ConversationView, WithFiles } from './conversation-view.js';
import { growing } from './growing.js';
import {
  idsOf,
  isUnfinished,
  mergePage,
  outgoing,
  type OutgoingMessage,
  type ShownMessage,
  shownOf,
  withMessage,
} from './shown-message.js';

/** A regeneration that isn't accepted. Another try has the same key. */
interface Regeneration {
  replyId: string;
  key: string;
  pending: boolean;
}

/** The reply that is read. */
interface Reading {
  replyId: string;
  controller: AbortController;
}

/**
 * One room's conversation. While it is subscribed to, it reads the oldest unfinished reply, one at a time, since a browser has
 * few connections. Without subscribers it ends its reading, never what it sends, and never the model.
 */
export class ConversationStore implements ConversationActions {
  /** Before anything is loaded; also what a server renders. */
  readonly initialView: ConversationView;

  private readonly listeners = new Set<() => void>();
  private view: ConversationView;
  private status: ConversationState['status'] = 'loading';
  private room: Room | null = null;
  private quota: Quota | null = null;
  private error: ChatError | null = null;
  /** What the API has, oldest first. */
  private stored: ShownMessage[] = [];
  private olderCursor: string | null = null;
  /** Messages that are on their way, or were refused. */
  private unaccepted: OutgoingMessage[] = [];
  /** Settles when all has been accepted or refused that was to be sent so far. Never rejects. */
  private sending: Promise<void> = Promise.resolve();
  /** The request that isn't accepted yet. */
  private pending: Reply | null = null;
  private regeneration: Regeneration | null = null;
  /** Why the last edit was not accepted, which the loading that follows it doesn't hide. */
  private editError: ChatError | null = null;
  /** How many edits are on their way. */
  private edits = 0;
  private reading: Reading | null = null;
  private loading: Promise<void> | null = null;
  private nextLoading: Promise<void> | null = null;
  private loadingOlder: Promise<void> | null = null;
  /** The ids of what was accepted since the last loading began. */
  private readonly acceptedSince = new Set<string>();
  /** The same of replies that were rated. */
  private readonly ratedSince = new Set<string>();
  /** Settles when all ratings so far were stored or refused. Never rejects. */
  private rating: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: ChatClient,
    private readonly roomId: string,
  ) {
    this.initialView = this.view = this.nextView();
  }

  /** Whether it can be forgotten without a loss. */
  get idle(): boolean {
    return this.listeners.size === 0 && this.unaccepted.length === 0;
  }

  readonly getView = (): ConversationView => this.view;

  readonly getInitialView = (): ConversationView => this.initialView;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) void (this.loading ?? this.load());
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.endReading();
    };
  };

  readonly send = (content: string, { files }: WithFiles = {}): void => {
    const message = outgoing(newIdempotencyKey(), content, files);
    this.unaccepted = [...this.unaccepted, message];
    this.enqueue(message.key);
  };

  readonly resend = (id: string): void => {
    const message = this.unaccepted.find((each) => each.id === id && each.status === 'unsent');
    if (message === undefined) return;
    this.setUnaccepted(id, { status: 'sending', sendError: null });
    this.enqueue(id);
  };

  readonly discard = (id: string): void => {
    this.unaccepted = this.unaccepted.filter((each) => each.id !== id || each.status !== 'unsent');
    this.publish();
  };

  readonly stop = async (): Promise<void> => {
    try {
      // A message that was sent just before is on its way after this.
      await Promise.resolve();
      const reply = this.unfinished() ?? (await this.nextAccepted());
      if (reply === null) return;
      const stopped = await this.client.replies.stop(this.roomId, reply.id);
      if (!isUnfinished(stopped)) this.update(reply.id, stopped);
    } catch (error) {
      this.error = toChatError(error);
    }
    this.publish();
  };

  readonly regenerate = (): void => {
    const latest = this.stored.at(-1);
    if (latest?.role !== 'bot' || this.view.busy) return;
    const replyId = latest.id;
    const key = this.regeneration?.replyId === replyId ? this.regeneration.key : newIdempotencyKey();
    const regeneration: Regeneration = { replyId, key, pending: true };
    this.regeneration = regeneration;
    this.patch(replyId, { sendError: null });
    this.sending = this.sending.then(async () => {
      const error = await this.post((options) => this.client.regenerate(this.roomId, replyId, options), key);
      regeneration.pending = false;
      if (error === null) this.regeneration = null;
      else this.patch(replyId, { sendError: error });
      this.publish();
      // Another tab was there before.
      if (error?.status === 409) await this.reload();
    });
    this.publish();
  };

  readonly edit = (id: string, content: string, { files }: WithFiles = {}): Promise<boolean> => {
    this.edits++;
    this.error = this.editError = null;
    const edited = this.sending.then(async () => {
      try {
        this.onEdited(id, await this.client.edit(this.roomId, id, content, { files: idsOf(files) }));
        return true;
      } catch (error) {
        const refusal = (this.error = toChatError(error));
        // Another tab was there before, or it may have been accepted.
        if (refusal.status === 409 || refusal.status === 0) void this.reload();
        this.editError = refusal;
        return false;
      } finally {
        this.edits--;
        this.publish();
        this.readNext();
      }
    });
    this.sending = edited.then(() => undefined);
    this.publish();
    return edited;
  };

  readonly rate = (id: string, { rating, comment = null }: Feedback): Promise<boolean> => {
    const said = rating === null && comment === null ? null : { rating, comment, createdAt: new Date().toISOString() };
    const before = this.stored.find((each) => each.id === id)?.message?.feedback ?? null;
    this.setFeedback(id, said);
    // In order, so that what was said last is what is stored.
    const stored = this.rating.then(async () => {
      try {
        await this.client.replies.rate(this.roomId, id, { rating, comment });
        this.ratedSince.add(id);
        return true;
      } catch (error) {
        this.error = toChatError(error);
        this.setFeedback(id, before);
        this.ratedSince.delete(id);
        this.publish();
        return false;
      }
    });
    this.rating = stored;
    return stored;
  };

  readonly loadOlder = (): Promise<void> => {
    const cursor = this.olderCursor;
    if (cursor === null) return Promise.resolve();
    return (this.loadingOlder ??= this.readRoom({ cursor }, ({ messages, nextCursor }) => {
      // A reload in between may have begun another list.
      if (this.olderCursor !== cursor) return;
      const known = new Set(this.stored.map(({ id }) => id));
      this.stored = [...messages.filter(({ id }) => !known.has(id)).map((each) => shownOf(each)), ...this.stored];
      this.olderCursor = nextCursor;
    }).finally(() => (this.loadingOlder = null)));
  };

  /** A loading that has begun may be too old to see what the caller knows of, so that another follows it. */
  readonly reload = (): Promise<void> => {
    this.editError = null;
    if (this.loading === null) return this.load();
    return (this.nextLoading ??= this.loading.then(() => {
      this.nextLoading = null;
      return this.load();
    }));
  };

  private load(): Promise<void> {
    this.acceptedSince.clear();
    this.ratedSince.clear();
    if (this.status === 'failed') this.status = 'loading';
    this.publish();
    const loading = this.readRoom({}, (conversation) => this.loaded(conversation)).finally(() => {
      this.loading = null;
      this.readNext();
    });
    return (this.loading = loading);
  }

  private loaded({ messages, nextCursor, ...room }: Conversation): void {
    const merged = mergePage(this.stored, messages, this.acceptedSince, this.ratedSince);
    this.stored = merged.messages;
    if (!merged.reachesFurther) this.olderCursor = nextCursor;
    this.room = room;
    this.status = 'ready';
  }

  private async readRoom(page: { cursor?: string }, use: (conversation: Conversation) => void): Promise<void> {
    try {
      use(await this.client.rooms.get(this.roomId, page));
      this.error = this.editError;
    } catch (error) {
      this.error = toChatError(error);
      if (this.room === null || this.error.status === 404) this.status = 'failed';
    }
    this.publish();
  }

  private enqueue(key: string): void {
    this.sending = this.sending.then(async () => {
      const message = this.unaccepted.find((each) => each.key === key);
      if (message === undefined) return;
      const error = await this.post(
        (options) => this.client.send(this.roomId, message.content, { ...options, files: message.fileIds }),
        key,
      );
      if (error !== null) this.setUnaccepted(key, { status: 'unsent', sendError: error });
    });
    this.publish();
  }

  /** @returns why it was refused; null when it was accepted */
  private async post(
    request: (options: { idempotencyKey: string; signal: AbortSignal }) => Reply,
    key: string,
  ): Promise<ChatError | null> {
    const controller = new AbortController();
    try {
      this.pending = request({ idempotencyKey: key, signal: controller.signal });
      const accepted = await this.pending.accepted;
      this.onAccepted(accepted, key);
      if (this.canRead(accepted.reply.id)) void this.read(accepted.reply.id, this.pending, controller);
      else controller.abort();
      return null;
    } catch (error) {
      const refusal = toChatError(error);
      if (refusal.code === 'daily_quota_exceeded' && this.quota !== null) this.quota = { ...this.quota, remaining: 0 };
      return refusal;
    } finally {
      this.pending = null;
    }
  }

  private onAccepted({ message, reply, quota }: Awaited<Reply['accepted']>, key: string): void {
    this.unaccepted = this.unaccepted.filter((each) => each.key !== key);
    for (const each of [message, reply].filter((accepted) => accepted !== null)) {
      this.acceptedSince.add(each.id);
      // Its room may have been loaded before the answer came, and its reply be read on.
      const known = this.stored.find(({ id }) => id === each.id);
      const shown = known ?? shownOf(each);
      this.stored = withMessage(this.stored, each === message ? { ...shown, key } : shown);
    }
    this.quota = quota;
    this.publish();
  }

  /** The new question takes the place of the old one. */
  private onEdited(id: string, { message, reply }: AcceptedMessage): void {
    const key = this.stored.find((each) => each.id === id)?.key;
    for (const each of [message, reply]) this.acceptedSince.add(each.id);
    const kept = this.stored.filter((each) => each.id !== id && each.message?.replyTo !== id);
    this.stored = [shownOf(message, key), shownOf(reply)].reduce(withMessage, kept);
    if (this.quota !== null) this.quota = { ...this.quota, remaining: Math.max(0, this.quota.remaining - 1) };
    // A page that was asked for before may still have the old one.
    if (this.loading !== null) void this.reload();
  }

  /** The reply to what is on its way; null when nothing is, or it is refused, of which the message tells itself. */
  private async nextAccepted(): Promise<Message | null> {
    try {
      return (await this.pending?.accepted)?.reply ?? null;
    } catch {
      return null;
    }
  }

  private unfinished(): ShownMessage | undefined {
    return this.stored.find((each) => each.role === 'bot' && isUnfinished(each));
  }

  private canRead(replyId: string): boolean {
    return this.listeners.size > 0 && this.reading === null && this.unfinished()?.id === replyId;
  }

  private readNext(): void {
    const replyId = this.unfinished()?.id;
    if (replyId === undefined || !this.canRead(replyId)) return;
    const controller = new AbortController();
    void this.read(replyId, this.client.attach(this.roomId, replyId, { signal: controller.signal }), controller);
  }

  private async read(replyId: string, reply: Reply, controller: AbortController): Promise<void> {
    const reading = (this.reading = { replyId, controller });
    try {
      for await (const event of reply) {
        if (this.reading !== reading) return;
        this.onEvent(replyId, event);
      }
    } catch (error) {
      if (this.reading !== reading) return;
      this.error = toChatError(error);
      this.patch(replyId, { reconnecting: false });
      // It is read on after the next loading.
      this.reading = null;
      return;
    }
    if (this.reading !== reading) return;
    this.reading = null;
    this.readNext();
  }

  private endReading(): void {
    const reading = this.reading;
    this.reading = null;
    reading?.controller.abort();
  }

  private onEvent(id: string, event: ReplyEvent): void {
    const shown = this.stored.find((each) => each.id === id);
    if (shown === undefined) return;
    if (event.type === 'done') return this.update(id, event.message);
    if (event.type === 'accepted' || !isUnfinished(shown)) return;
    if (event.type === 'reconnecting') return this.patch(id, { reconnecting: true });
    this.patch(id, { ...growing(shown, event), status: 'generating', reconnecting: false });
  }

  private update(id: string, message: Message): void {
    const known = this.stored.find((each) => each.id === id);
    if (known !== undefined) this.stored = withMessage(this.stored, shownOf(message, known.key));
    this.publish();
  }

  private patch(id: string, changes: Partial<ShownMessage>): void {
    this.stored = this.stored.map((each) => (each.id === id ? { ...each, ...changes } : each));
    this.publish();
  }

  private setFeedback(id: string, feedback: Message['feedback']): void {
    this.ratedSince.add(id);
    const message = this.stored.find((each) => each.id === id)?.message;
    if (message != null) this.patch(id, { message: { ...message, feedback } });
  }

  private setUnaccepted(key: string, changes: Partial<OutgoingMessage>): void {
    this.unaccepted = this.unaccepted.map((each) => (each.key === key ? { ...each, ...changes } : each));
    this.publish();
  }

  private publish(): void {
    this.view = this.nextView();
    for (const listener of this.listeners) listener();
  }

  private nextView(): ConversationView {
    const { status, room, quota, error, send, resend, discard, stop } = this;
    const { regenerate, edit, rate, loadOlder, reload } = this;
    return {
      ...{ status, room, quota, error, send, resend, discard, stop, regenerate, edit, rate, loadOlder, reload },
      messages: [...this.stored, ...this.unaccepted],
      hasOlder: this.olderCursor !== null,
      busy:
        this.unfinished() !== undefined ||
        this.regeneration?.pending === true ||
        this.edits > 0 ||
        this.unaccepted.some((each) => each.status === 'sending'),
    };
  }
}
