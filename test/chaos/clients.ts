import { setTimeout as pause } from 'node:timers/promises';
import type { HttpClient } from '../support/http/http-client.js';
import type { Random } from './random.js';

/** A message that the API has accepted. */
export interface AcceptedSend {
  replyId: string;
  content: string;
}

interface Room {
  id: string;
  lastReply: string | null;
}

/** Directives in the prompt that tell the sandbox's model how to behave; most prompts have none. */
const DIRECTIVES = [
  ...Array<string>(12).fill(''),
  ...Array<string>(5).fill(' [[behaviour:answer tokensPerSecond=40 latencyMs=50]]'),
  ' [[behaviour:answer latencyMs=1500]]',
  ' [[behaviour:503]]',
  ' [[behaviour:safety]]',
  ' [[behaviour:cut]]',
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
    private readonly apis: readonly HttpClient[],
    private readonly random: Random,
  ) {}

  async openRooms(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const { body } = await this.api.post<{ id: string }>('/chatroom', { title: `${this.name} ${i}` });
      this.rooms.push({ id: body.id, lastReply: null });
    }
  }

  /** Sends, cancels and regenerates at random until the signal aborts. */
  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const room = this.random.pick(this.rooms);
      const roll = this.random.next();
      if (roll < 0.08 && room.lastReply !== null) await this.cancel(room);
      else if (roll < 0.14 && room.lastReply !== null) await this.regenerate(room);
      else await this.send(room);
      await pause(this.random.between(50, 700), undefined, { signal: until }).catch(() => undefined);
    }
  }

  private get api(): HttpClient {
    return this.random.pick(this.apis);
  }

  private async send(room: Room): Promise<void> {
    const content = `${this.name} message ${++this.sent}${this.random.pick(DIRECTIVES)}`;
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
        this.accepted.push({ replyId: answer.body.reply.id, content });
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
  private async cancel(room: Room): Promise<void> {
    await this.api.post(`/chatroom/${room.id}/message/${room.lastReply}/cancel`).catch(() => null);
  }

  private async regenerate(room: Room): Promise<void> {
    const path = `/chatroom/${room.id}/message/${room.lastReply}/regenerate`;
    const answer = await this.api.post<{ reply: { id: string } }>(path).catch(() => null);
    if (answer?.status === 202) room.lastReply = answer.body.reply.id;
  }
}
