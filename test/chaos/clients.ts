import { setTimeout as pause } from 'node:timers/promises';
import type { HttpClient } from '../support/http/http-client.js';
import type { Random } from './random.js';

/** A message that the API has accepted. */
export interface AcceptedSend {
  replyId: string;
  roomId: string;
  content: string;
}

interface Room {
  id: string;
  lastReply: string | null;
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
  /** Whether it also cancels, regenerates, and opens rooms. */
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

/** One user's client. It repeats each send under its idempotency key until it knows the result. */
export class ChaosClient {
  readonly accepted: AcceptedSend[] = [];
  refused = 0;
  private sent = 0;
  private readonly rooms: Room[] = [];

  /** @param apis all replicas; each request goes to a random one */
  constructor(
    readonly name: string,
    readonly user: { userId: string; plan: 'basic' | 'pro' },
    private readonly apis: readonly HttpClient[],
    private readonly random: Random,
    private readonly habits: ClientHabits,
  ) {}

  async openRooms(): Promise<void> {
    for (const model of this.habits.models) {
      const { body } = await this.api.post<{ id: string }>('/chatroom', { title: this.name, model });
      this.rooms.push({ id: body.id, lastReply: null });
    }
  }

  /** Sends, cancels, regenerates and opens rooms at random until the signal aborts. */
  async run(until: AbortSignal): Promise<void> {
    for (let i = 0; i < this.habits.burst && !until.aborted; i++) await this.send(this.random.pick(this.rooms));
    while (!until.aborted) {
      const room = this.random.pick(this.rooms);
      const roll = this.habits.isVersatile ? this.random.next() : 1;
      if (roll < 0.08 && room.lastReply !== null) await this.cancel(room.id, room.lastReply);
      else if (roll < 0.14 && room.lastReply !== null) await this.regenerate(room);
      else if (roll < 0.2) await this.openRoomWithoutTitle();
      else await this.send(room);
      const pauseMs = this.random.between(...this.habits.pauseMs);
      await pause(pauseMs, undefined, { signal: until }).catch(() => undefined);
    }
  }

  /** Sends a message that is simply to be answered in a room of each model. */
  async sendToEachModel(): Promise<void> {
    for (const room of this.rooms.slice(0, this.habits.models.length)) await this.send(room, '');
  }

  /** Cancels what it has sent and not got an answer to. */
  async cancelAll(): Promise<void> {
    for (const { replyId, roomId } of this.accepted) await this.cancel(roomId, replyId);
  }

  private get api(): HttpClient {
    return this.random.pick(this.apis);
  }

  /** A room that the model names after its first answer. The one that was opened before like this is used no more. */
  private async openRoomWithoutTitle(): Promise<void> {
    const answer = await this.api.post<{ id: string }>('/chatroom', {}).catch(() => null);
    if (answer?.status === 201) this.rooms[this.habits.models.length] = { id: answer.body.id, lastReply: null };
  }

  private async send(room: Room, directive = this.random.pick(this.habits.directives)): Promise<void> {
    const content = `${this.name} message ${++this.sent}${directive}`;
    const key = `"${this.name}-${this.sent}"`;
    const deadline = Date.now() + SEND_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const answer = await this.api
        .post<{ reply: { id: string }; code?: string }>(
          `/chatroom/${room.id}/message`,
          { content },
          { 'idempotency-key': key },
        )
        .catch(() => null);
      if (answer?.status === 202) {
        room.lastReply = answer.body.reply.id;
        this.accepted.push({ replyId: answer.body.reply.id, roomId: room.id, content });
        return;
      }
      if (answer !== null && answer.status < 500 && answer.body?.code !== 'rate_limited') {
        if (answer.body.code !== 'daily_quota_exceeded')
          throw new Error(`Unexpected ${answer.status} ${answer.body.code}`);
        this.refused++;
        return;
      }
      await pause(this.random.between(100, 500));
    }
  }

  /** Asks once, whether or not there is an answer. */
  private async cancel(roomId: string, replyId: string): Promise<void> {
    await this.api.post(`/chatroom/${roomId}/message/${replyId}/cancel`).catch(() => null);
  }

  private async regenerate(room: Room): Promise<void> {
    const path = `/chatroom/${room.id}/message/${room.lastReply}/regenerate`;
    const answer = await this.api.post<{ reply: { id: string } }>(path).catch(() => null);
    if (answer?.status === 202) room.lastReply = answer.body.reply.id;
  }
}
