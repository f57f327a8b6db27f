import type { Api } from '../requests/api.js';
import { ChatError, abortedError, connectionError, isTransient, toChatError } from '../errors.js';
import { EventStreamParser, type StreamEvent } from './event-stream.js';
import type { Call, OpenAnswer } from '../requests/http.js';
import { messagePath } from '../requests/paths.js';
import { backoffMs, pause } from '../requests/pause.js';
import type { ReplyRecord } from './reply-record.js';
import type { FinalStatus, Message, MessageSource, Quota } from '../types.js';

/** The API sends something at least every 15 s; after twice that the connection is dead. */
const SILENCE_MS = 30_000;

/** The longest pause between two tries; also that of a bad connection in the budget of `reconnectForMs`. */
const LONGEST_PAUSE_MS = 15_000;

/** The longest wait that the API may ask for, before its refusal is passed on. */
const LONGEST_WAIT_MS = 60_000;

/** The first pause, unless the stream says another. */
const FIRST_PAUSE_MS = 500;

/** How a reply is begun, or which one is read. */
export type ReplyOrigin =
  | { roomId: string; replyId: string }
  | { roomId: string; post: { path: string; body?: object; idempotencyKey: string } };

/**
 * Reads one reply to its end, over any number of connections. Until the API has told which reply it is, the very same request is repeated under
 * its one key; from then on the reply's own stream is read, from behind the last event, so that nothing can be sent twice.
 */
export class ReplyReading {
  private reply: Message | null = null;
  private lastEventId = '';
  private firstPauseMs = FIRST_PAUSE_MS;
  /** Since the last progress. */
  private failures = 0;
  /** The time that was spent without progress, in milliseconds. A device that sleeps meanwhile doesn't use it up. */
  private spentMs = 0;

  /** @param reconnectForMs the time without any progress after which it gives up */
  constructor(
    private readonly api: Api,
    private readonly origin: ReplyOrigin,
    private readonly record: ReplyRecord,
    private readonly reconnectForMs: number,
    private readonly signal?: AbortSignal,
    private readonly silenceMs = SILENCE_MS,
  ) {}

  /** Doesn't reject: a failure is recorded. */
  async run(): Promise<void> {
    // At once, also while a token is refreshed, which others wait for, too.
    const onAbort = (): void => this.record.fail(abortedError());
    if (this.signal?.aborted) onAbort();
    this.signal?.addEventListener('abort', onAbort);
    try {
      while (!this.record.isOver) await this.readOrWait();
    } catch (error) {
      this.record.fail(toChatError(error));
    } finally {
      this.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** @throws ChatError what can't be waited for */
  private async readOrWait(): Promise<void> {
    const beganAt = Date.now();
    const failure = await this.readOnce().then(connectionError, toChatError);
    if (this.record.isOver) return;
    this.spentMs += Math.min(Date.now() - beganAt, SILENCE_MS);
    const waitMs = this.waitAfter(failure);
    if (this.spentMs + waitMs > this.reconnectForMs) throw failure.status === 0 ? connectionError(failure) : failure;
    this.spentMs += waitMs;
    this.record.add({ type: 'reconnecting', attempt: ++this.failures });
    await pause(waitMs, this.signal, failure.status === 0);
  }

  /** @throws ChatError the failure itself if waiting doesn't help */
  private waitAfter(failure: ChatError): number {
    const { code, retryAfter } = failure;
    const askedMs = (retryAfter ?? 0) * 1000;
    const isOverALimit = code === 'rate_limited' || code === 'too_many_streams';
    if (!(isTransient(failure) || isOverALimit) || askedMs > LONGEST_WAIT_MS) throw failure;
    return askedMs + backoffMs(this.failures, this.firstPauseMs, LONGEST_PAUSE_MS);
  }

  /** Reads one connection to its end. @throws ChatError */
  private async readOnce(): Promise<void> {
    if (this.reply === null && 'replyId' in this.origin) await this.findReply(this.origin.replyId);
    if (this.record.isOver) return;
    const answer = await this.api.open(this.nextCall(), this.silenceMs);
    try {
      // The last event was the end, which has been read: this happens only if it was read by someone else.
      if (answer.response.status === 204) await this.readStored();
      else await this.readEvents(answer);
    } finally {
      answer.limit.close();
    }
  }

  private nextCall(): Call {
    const { signal } = this;
    if (this.reply !== null) {
      const headers: Record<string, string> = this.lastEventId === '' ? {} : { 'Last-Event-ID': this.lastEventId };
      return { method: 'GET', path: `${messagePath(this.origin.roomId, this.reply.id)}/stream`, headers, signal };
    }
    const { post } = this.origin as Extract<ReplyOrigin, { post: object }>;
    const headers = { 'Idempotency-Key': post.idempotencyKey };
    return { method: 'POST', path: post.path, body: post.body, headers, signal };
  }

  /** Of a reply that is attached to. One that is finished has nothing to stream. */
  private async findReply(replyId: string): Promise<void> {
    const reply = await this.readMessage(replyId);
    if (reply.role !== 'bot') throw new ChatError('message_not_found', 'That message is no reply', { status: 404 });
    this.begin({ message: null, reply, quota: null });
    if (isFinal(reply)) this.finish(reply);
  }

  private async readStored(): Promise<void> {
    const reply = this.reply === null ? null : await this.readMessage(this.reply.id);
    if (reply !== null && isFinal(reply)) this.finish(reply);
  }

  /** With what is stored instead of what was read so far. */
  private finish(message: Message): void {
    // An older API tells nothing of these.
    const { content, sources = [], searchQueries = [] } = message;
    const thoughts = message.thoughts ?? '';
    const { record } = this;
    if (record.snapshot !== content || record.thoughts !== thoughts) {
      if (record.snapshot + record.thoughts !== '') record.add({ type: 'reset' });
      if (thoughts !== '') record.add({ type: 'thought', text: thoughts });
      if (content !== '') record.add({ type: 'delta', text: content });
    }
    const isFounded = sources.length + searchQueries.length > 0;
    const isTold = record.sources.length + record.searchQueries.length > 0;
    if (isFounded && !isTold) record.add({ type: 'sources', sources, searchQueries });
    record.add({ type: 'done', message });
  }

  private readMessage(id: string): Promise<Message> {
    const path = messagePath(this.origin.roomId, id);
    return this.api.repeatable<Message>({ method: 'GET', path, signal: this.signal }, 1);
  }

  private async readEvents({ response, limit }: OpenAnswer): Promise<void> {
    const body = response.body as Exclude<typeof response.body, null> | undefined | null;
    if (typeof body?.getReader !== 'function')
      throw new ChatError('unexpected_answer', 'This fetch can not stream: in React Native, use that of expo/fetch');
    const reader = body.getReader();
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const parser = new EventStreamParser();
    const quota = quotaOf(response.headers);
    try {
      while (!this.record.isOver) {
        const { done, value } = await limit.within(reader.read());
        if (done) return;
        limit.extend();
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.take(event, quota);
        if (parser.comments > 0) this.noteProgress();
        this.firstPauseMs = Math.min(parser.retryMs ?? FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  private take({ type, data, id }: StreamEvent, quota: Quota | null): void {
    if (this.record.isOver) return;
    if (id !== '') this.lastEventId = id;
    const content = parsed(data);
    if (type === 'accepted' && this.reply === null) {
      const { message = null, reply } = content as { message?: Message; reply: Message };
      this.begin({ message, reply, quota });
    } else if (type === 'delta' || type === 'thought') {
      this.record.add({ type, text: (content as { text: string }).text });
      this.noteProgress();
    } else if (type === 'sources') {
      const { sources = [], searchQueries = [] } = content as { sources?: MessageSource[]; searchQueries?: string[] };
      this.record.add({ type, sources, searchQueries });
    } else if (type === 'reset') {
      this.record.add({ type });
    } else if (type === 'done') {
      this.record.add({ type, message: content as Message });
    }
    // A newer API may send others.
  }

  private begin(accepted: { message: Message | null; reply: Message; quota: Quota | null }): void {
    this.reply = accepted.reply;
    this.record.add({ type: 'accepted', ...accepted });
    this.noteProgress();
  }

  private noteProgress(): void {
    this.failures = 0;
    this.spentMs = 0;
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch (cause) {
    throw new ChatError('unexpected_answer', 'An event is not JSON', { status: 200, cause });
  }
}

const FINAL: ReadonlySet<string> = new Set<FinalStatus>(['completed', 'cancelled', 'failed', 'blocked']);

const isFinal = ({ status }: Message): boolean => FINAL.has(status);

/** @returns null where the plan has no limit */
function quotaOf(headers: { get(name: string): string | null }): Quota | null {
  const policy = /"daily-messages";q=(\d+)/.exec(headers.get('ratelimit-policy') ?? '');
  const left = /"daily-messages";r=(\d+);t=(\d+)/.exec(headers.get('ratelimit') ?? '');
  if (policy === null || left === null) return null;
  // The header counts whole seconds, and days end on whole minutes: each answer tells the same time.
  const resetsAt = new Date(Math.round((Date.now() + Number(left[2]) * 1000) / 60_000) * 60_000);
  return { limit: Number(policy[1]), remaining: Number(left[1]), resetsAt };
}
