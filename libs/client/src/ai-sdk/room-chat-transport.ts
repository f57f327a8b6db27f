import type { ChatTransport, FileUIPart } from 'ai';
import type { ChatClient, ChatFile, Message, Reply } from '../types.js';
import { type ChatMessage, chatMessageOf, filePartOf, textOf } from './chat-message.js';
import { MessageFiles } from './message-files.js';
import { streamOf } from './reply-chunks.js';

type SendOptions = Parameters<ChatTransport<ChatMessage>['sendMessages']>[0];
type Stream = Awaited<ReturnType<ChatTransport<ChatMessage>['sendMessages']>>;

/** A page of a room. */
export interface LoadedMessages {
  /** Oldest first; for `messages` of `useChat`. */
  messages: ChatMessage[];
  /**
   * Whether the last is a reply that is still queued or written; for `resume` of `useChat`. Where there is nothing to resume, `true` would
   * cost a request, and make a message that is sent meanwhile look `ready` at first.
   */
  unfinished: boolean;
  /** Leads to older messages; null where there are none. */
  nextCursor: string | null;
}

/** What all transports of one client know, since an app may make a new one each time it renders. */
interface Known {
  /** The latest reply to each message, by the message's id in `useChat`. */
  replies: Map<string, string>;
  /** What each room asks for or reads; without a reply while files are uploaded. */
  active: Map<string, { reply: Reply | null; reading: AbortController }>;
  files: MessageFiles;
}

const knownOfClients = new WeakMap<ChatClient, Known>();

/** The transport of `useChat`, and what `useChat` has no word for. */
export class RoomChatTransport implements ChatTransport<ChatMessage> {
  readonly resumeStreamIsReplay = true;

  private readonly known: Known;

  constructor(private readonly client: ChatClient) {
    const { files } = client;
    this.known = knownOfClients.get(client) ?? {
      replies: new Map(),
      active: new Map(),
      files: new MessageFiles(files),
    };
    knownOfClients.set(client, this.known);
  }

  /** Reads a page of a room: the newest unless a cursor is given. */
  async loadMessages(roomId: string, page?: { limit?: number; cursor?: string }): Promise<LoadedMessages> {
    const { messages, nextCursor } = await this.client.rooms.get(roomId, page);
    for (const { id, replyTo } of messages) if (replyTo !== null) this.known.replies.set(replyTo, id);
    const unfinished = messages.at(-1)?.completedAt === null;
    return {
      messages: messages.map((message) => chatMessageOf(message, (fileId) => this.client.files.contentUrl(fileId))),
      unfinished,
      nextCursor,
    };
  }

  /** An uploaded file as a part of a message: `sendMessage({ text, files: [transport.filePart(file)] })`. */
  filePart(file: ChatFile): FileUIPart {
    return filePartOf(file, this.client.files.contentUrl(file.id));
  }

  /**
   * Stops the model; what it wrote stays, and `useChat` shows the end of it. A message whose files are being uploaded isn't sent: it fails
   * with code `aborted`. `stop` of `useChat` ends the reading alone.
   */
  async stop(roomId: string): Promise<void> {
    const before = this.known.active.get(roomId);
    const unfinished = before === undefined ? await this.unfinishedReply(roomId) : null;
    // `useChat` sends a moment after it was asked to.
    const active = before ?? this.known.active.get(roomId);
    if (active !== undefined) return active.reply === null ? active.reading.abort() : active.reply.stop();
    if (unfinished !== null) await this.client.replies.stop(roomId, unfinished.id);
  }

  /**
   * Sends the last message, or has its reply regenerated. Files of the message are uploaded first. Aborting ends the reading, but what was
   * asked for is asked for.
   *
   * @throws ChatError when it is refused
   */
  async sendMessages({ chatId, trigger, messageId, messages, abortSignal }: SendOptions): Promise<Stream> {
    const message = messages.at(-1);
    if (message?.role !== 'user') throw new Error('There is no message to send or to answer.');
    const regenerates = trigger === 'regenerate-message';
    const replyId = regenerates || messageId !== undefined ? await this.replyTo(chatId, message.id) : null;
    if (replyId !== null && !regenerates) throw new Error('A message that was accepted can not be edited.');
    const reading = new AbortController();
    const { signal } = reading;
    try {
      const reply =
        replyId === null
          ? await this.sent(chatId, message, reading)
          : this.client.regenerate(chatId, replyId, { signal });
      this.known.active.set(chatId, { reply, reading });
      this.known.replies.set(message.id, (await reply.accepted).reply.id);
      this.known.files.forget(message);
      return this.read(chatId, () => reply, reading, abortSignal);
    } catch (error) {
      this.forget(chatId, reading);
      this.known.files.forgetIfLost(message, error);
      throw error;
    }
  }

  /** Sends a message, and its files before it. */
  private async sent(chatId: string, message: ChatMessage, reading: AbortController): Promise<Reply> {
    const { signal } = reading;
    const text = textOf(message);
    const options = { signal, idempotencyKey: message.id };
    if (!message.parts.some(({ type }) => type === 'file')) return this.client.send(chatId, text, options);
    this.known.active.set(chatId, { reply: null, reading });
    const files = await this.known.files.idsOf(message, signal);
    return this.client.send(chatId, text, { ...options, files });
  }

  /** Reads on the newest reply, from its start; null when it is finished. */
  async reconnectToStream({
    chatId,
    abortSignal,
  }: {
    chatId: string;
    abortSignal?: AbortSignal;
  }): Promise<Stream | null> {
    const unfinished = await this.unfinishedReply(chatId);
    if (unfinished === null) return null;
    const reading = new AbortController();
    const attach = (): Reply => {
      const reply = this.client.attach(chatId, unfinished.id, { signal: reading.signal });
      this.known.active.set(chatId, { reply, reading });
      return reply;
    };
    return this.read(chatId, attach, reading, abortSignal);
  }

  /** @param start is called when the stream is first read, if it is */
  private read(roomId: string, start: () => Reply, reading: AbortController, abort: AbortSignal | undefined): Stream {
    const end = (): void => {
      reading.abort();
      this.forget(roomId, reading);
    };
    if (abort?.aborted === true) end();
    abort?.addEventListener('abort', end);
    return streamOf(start, end);
  }

  private forget(roomId: string, reading: AbortController): void {
    if (this.known.active.get(roomId)?.reading === reading) this.known.active.delete(roomId);
  }

  private async unfinishedReply(roomId: string): Promise<Message | null> {
    const { messages } = await this.client.rooms.get(roomId, { limit: 1 });
    const newest = messages.at(-1);
    return newest?.completedAt === null ? newest : null;
  }

  /** @returns the reply to a message of `useChat`; null when the message was never accepted */
  private async replyTo(roomId: string, messageId: string): Promise<string | null> {
    const replyId = this.known.replies.get(messageId);
    if (replyId !== undefined) return replyId;
    // An app that keeps messages itself has the API's ids of them.
    const { messages } = await this.client.rooms.get(roomId);
    return messages.find((each) => each.replyTo === messageId)?.id ?? null;
  }
}
