import { setTimeout as pause } from 'node:timers/promises';
import type { Conversation } from '@gemini-chat/client';
import type { Answer, HttpClient } from '../support/http/http-client.js';
import { ClientFiles } from './client-files.js';
import type { ShownRoom } from './edit-law.js';
import type { Random } from './random.js';

/** A message that the API has accepted. */
export interface AcceptedSend {
  messageId: string;
  replyId: string;
  roomId: string;
  content: string;
  /** The question that it has replaced; null: it was sent, not edited. */
  replaces: string | null;
  /** The ids of the files that were sent with it. */
  files: string[];
}

interface Room {
  id: string;
  /** Null: the default one. */
  model: string | null;
  lastQuestion: string | null;
  lastReply: string | null;
  /** The files of the last question. */
  lastFiles: string[];
}

/** What is answered to a message. */
interface Answered {
  message: { id: string };
  reply: { id: string; replyTo: string };
  code?: string;
}

/** What one client does. */
export interface ClientHabits {
  /** The models of its rooms. */
  models: readonly string[];
  /** Messages that it sends without pauses, before all else. */
  burst: number;
  /** Between what it does, in milliseconds. */
  pauseMs: readonly [from: number, to: number];
  /** Directives in prompts that tell the sandbox's model how to behave, of which each message has one at random. */
  directives: readonly string[];
  /** Whether it also cancels, regenerates, edits, sends files, and opens, forks and deletes rooms. */
  isVersatile: boolean;
}

/** Directives of most clients; most prompts have none. */
export const MIXED_DIRECTIVES = [
  ...Array<string>(12).fill(''),
  ...Array<string>(5).fill(' [[behaviour:answer tokensPerSecond=40 latencyMs=50]]'),
  ' [[behaviour:answer latencyMs=1500]]',
  ' [[behaviour:503]]',
  ' [[behaviour:safety]]',
  ' [[behaviour:prompt_blocked]]',
  ' [[behaviour:max_tokens]]',
  ' [[behaviour:max_tokens_empty]]',
  ' [[behaviour:error_mid_stream]]',
  ' [[behaviour:cut]]',
  ' [[behaviour:answer cachedTokens=5 thoughtTokens=7]]',
];

/** How long a client repeats a request that got no answer. */
const SEND_TIMEOUT_MS = 90_000;

/** Why a message is rightly not accepted; the last two only where it is an edit. */
const REFUSALS = ['daily_quota_exceeded', 'not_latest_message', 'reply_in_progress'];

const newRoom = (id: string, model: string | null): Room => ({
  id,
  model,
  lastQuestion: null,
  lastReply: null,
  lastFiles: [],
});

/** One user's client. It repeats each send under its idempotency key until it knows the result. */
export class ChaosClient {
  readonly accepted: AcceptedSend[] = [];
  refused = 0;
  /** Questions that may have been replaced: an edit got no answer at first, and was refused when it was repeated. */
  readonly unsure = new Set<string>();
  /** Rooms whose deletion was confirmed. */
  readonly deletedRooms = new Set<string>();
  readonly files: ClientFiles;
  private readonly copies: string[] = [];
  private sent = 0;
  /** One of each model. */
  private readonly ownRooms: Room[] = [];
  /** The last one that was opened without a title, and the last copy. */
  private readonly otherRooms = new Map<'untitled' | 'fork', Room>();

  /** @param apis all replicas; each request goes to a random one */
  constructor(
    readonly name: string,
    readonly user: { userId: string; plan: 'basic' | 'pro' },
    private readonly apis: readonly HttpClient[],
    private readonly random: Random,
    private readonly habits: ClientHabits,
  ) {
    this.files = new ClientFiles(name, random.fork());
  }

  async openRooms(): Promise<void> {
    for (const model of this.habits.models) {
      const { body } = await this.api.post<{ id: string }>('/chatroom', this.ownRoom(model));
      this.ownRooms.push(newRoom(body.id, model));
    }
  }

  /** What it opens a room of its own with: a versatile client has the model search the web in all of them. */
  private ownRoom(model: string | null): object {
    return { title: this.name, model, search: this.habits.isVersatile };
  }

  /** Does what its habits are, at random, until the signal aborts. */
  async run(until: AbortSignal): Promise<void> {
    for (let i = 0; i < this.habits.burst && !until.aborted; i++) await this.send(this.random.pick(this.rooms));
    while (!until.aborted) {
      const room = this.random.pick(this.rooms);
      if (this.habits.isVersatile) await this.act(room);
      else await this.send(room);
      const pauseMs = this.random.between(...this.habits.pauseMs);
      await pause(pauseMs, undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** Sends a message that is simply to be answered in a room of each model. */
  async sendToEachModel(): Promise<void> {
    for (const room of this.ownRooms) await this.send(room, '');
  }

  /** Cancels what it has sent and not got an answer to. */
  async cancelAll(): Promise<void> {
    for (const { replyId, roomId } of this.accepted) await this.cancel(roomId, replyId);
  }

  /** What the lists show of the rooms in which it has sent messages. */
  async shownRooms(): Promise<ShownRoom[]> {
    const rooms = new Set([...this.accepted.map(({ roomId }) => roomId), ...this.copies]);
    const left = [...rooms].filter((roomId) => !this.deletedRooms.has(roomId));
    return Promise.all(left.map((roomId) => shownRoom(this.api, roomId)));
  }

  /** The SHA-256 of what the API gives of its files. */
  readFiles(): Promise<[id: string, digest: string | null][]> {
    return this.files.read(this.api);
  }

  private get rooms(): Room[] {
    return [...this.ownRooms, ...this.otherRooms.values()];
  }

  private get api(): HttpClient {
    return this.random.pick(this.apis);
  }

  /** A room that the model names after its first answer. The one that was opened before like this is used no more. */
  private async openRoomWithoutTitle(): Promise<void> {
    const answer = await this.api.post<{ id: string }>('/chatroom', {}).catch(() => null);
    if (answer?.status === 201) this.otherRooms.set('untitled', newRoom(answer.body.id, null));
  }

  private async act(room: Room): Promise<void> {
    const roll = this.random.next();
    if (roll < 0.08 && room.lastReply !== null) await this.cancel(room.id, room.lastReply);
    else if (roll < 0.14 && room.lastReply !== null) await this.regenerate(room);
    else if (roll < 0.18) await this.openRoomWithoutTitle();
    else if (roll < 0.3 && room.lastQuestion !== null) await this.ask(room, room.lastQuestion);
    else if (roll < 0.4) await this.files.upload(this.api);
    else if (roll < 0.42) await this.files.deleteOne(this.api);
    else if (roll < 0.44) await this.fork(room);
    else if (roll < 0.46) await this.deleteRoom(room);
    else await this.send(room);
  }

  private send(room: Room, directive?: string): Promise<void> {
    return this.ask(room, null, directive);
  }

  /** Sends a message, or the one that it replaces anew. */
  private async ask(
    room: Room,
    replaces: string | null,
    directive = this.random.pick(this.habits.directives),
  ): Promise<void> {
    const content = `${this.name} message ${++this.sent}${directive}`;
    const chosen = this.habits.isVersatile ? this.files.choose() : [];
    // An edit that names no files keeps those of the question.
    const files = chosen.length === 0 && replaces !== null ? room.lastFiles : chosen;
    const body = chosen.length === 0 ? { content } : { content, files };
    const headers = { 'idempotency-key': `"${this.name}-${this.sent}"` };
    const path = `/chatroom/${room.id}/message${replaces === null ? '' : `/${replaces}/edit`}`;
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    for (let attempt = 1; Date.now() < deadline; attempt++) {
      const answer = await this.api.post<Answered>(path, body, headers).catch(() => null);
      if (answer?.status === 202) {
        const { message, reply } = answer.body;
        Object.assign(room, { lastQuestion: message.id, lastReply: reply.id, lastFiles: files });
        this.accepted.push({ messageId: message.id, replyId: reply.id, roomId: room.id, content, replaces, files });
        return this.files.use(room.id, files);
      }
      if (answer !== null && answer.status < 500 && answer.body?.code !== 'rate_limited') {
        const { code = '' } = answer.body ?? {};
        if (!REFUSALS.slice(0, replaces === null ? 1 : undefined).includes(code))
          throw new Error(`Unexpected ${answer.status} ${code}`);
        if (replaces !== null && attempt > 1) this.unsure.add(replaces);
        this.refused++;
        return;
      }
      await pause(this.random.between(100, 500));
    }
    if (replaces !== null) this.unsure.add(replaces);
  }

  /** Asks once, whether or not there is an answer. */
  private async cancel(roomId: string, replyId: string): Promise<void> {
    await this.api.post(`/chatroom/${roomId}/message/${replyId}/cancel`).catch(() => null);
  }

  private async regenerate(room: Room): Promise<void> {
    const path = `/chatroom/${room.id}/message/${room.lastReply}/regenerate`;
    const answer = await this.api.post<Answered>(path).catch(() => null);
    if (answer?.status === 202)
      Object.assign(room, { lastQuestion: answer.body.reply.replyTo, lastReply: answer.body.reply.id });
  }

  /** Copies a room up to its last reply, once that is finished. */
  private async fork(room: Room): Promise<void> {
    const answer = await this.api
      .post<{ id: string }>(`/chatroom/${room.id}/fork`, { messageId: room.lastReply })
      .catch(() => null);
    if (answer?.status !== 201) return;
    this.files.fork(room.id, answer.body.id);
    this.copies.push(answer.body.id);
    this.otherRooms.set('fork', newRoom(answer.body.id, room.model));
  }

  /** Deletes a room with all it has, and goes on in a new one. Repeated until it is known to be deleted. */
  private async deleteRoom(room: Room): Promise<void> {
    this.files.leave(room.id);
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    while (!this.deletedRooms.has(room.id) && Date.now() < deadline) {
      const answer = await this.api.delete(`/chatroom/${room.id}`).catch(() => null);
      if (answer?.status === 204 || answer?.status === 404) this.deletedRooms.add(room.id);
      else await pause(this.random.between(100, 500));
    }
    for (const [kind, { id }] of this.otherRooms) if (id === room.id) this.otherRooms.delete(kind);
    const index = this.ownRooms.indexOf(room);
    while (index >= 0 && Date.now() < deadline) {
      const answer = await this.api.post<{ id: string }>('/chatroom', this.ownRoom(room.model)).catch(() => null);
      if (answer?.status === 201) {
        this.ownRooms[index] = newRoom(answer.body.id, room.model);
        return;
      }
      await pause(this.random.between(100, 500));
    }
  }
}

/** All pages of a conversation, as its owner sees it. @throws Error when a page can't be read */
async function shownRoom(http: HttpClient, roomId: string): Promise<ShownRoom> {
  const messages: Conversation['messages'] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: URLSearchParams = new URLSearchParams({ limit: '100', ...(cursor === '' ? {} : { cursor }) });
    const { status, body }: Answer<Conversation> = await http.get(`/chatroom/${roomId}?${query.toString()}`);
    if (status !== 200) throw new Error(`Reading a room answered ${status}: ${JSON.stringify(body)}`);
    messages.unshift(...body.messages);
    cursor = body.nextCursor;
  }
  return { roomId, messages: messages.map(({ id }) => id) };
}
