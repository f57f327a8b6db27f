import { setTimeout } from 'node:timers/promises';
import type { HttpClient } from '../support/http/http-client.js';
import { openRoom } from '../support/messages.js';

/** Requests begin this far apart, whether or not earlier ones have been answered. */
const EVERY_MS = 40;

/** How long a bystander's requests took, in milliseconds. */
export interface Latencies {
  p50: number;
  p99: number;
  /** Answers other than those of a well product. */
  failures: string[];
}

/** A person who lists rooms, reads one and sends messages, at an even pace. */
export class Bystander {
  private constructor(
    private readonly http: HttpClient,
    private readonly room: string,
  ) {}

  static async in(http: HttpClient): Promise<Bystander> {
    return new Bystander(http, await openRoom(http));
  }

  /** Goes on for so long, and says how long each answer took since its request was due. */
  async measure(seconds: number): Promise<Latencies> {
    const failures: string[] = [];
    const pending: Promise<number>[] = [];
    const begun = performance.now();
    for (let turn = 0; performance.now() - begun < seconds * 1_000; turn++) {
      const due = begun + turn * EVERY_MS;
      await setTimeout(Math.max(0, due - performance.now()));
      pending.push(this.ask(turn, due, failures));
    }
    const sorted = (await Promise.all(pending)).sort((a, b) => a - b);
    const quantile = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 10) / 10;
    return { p50: quantile(0.5), p99: quantile(0.99), failures };
  }

  private async ask(turn: number, due: number, failures: string[]): Promise<number> {
    const answer = await this.request(turn % 3).catch((error: unknown) => ({ status: String(error) }));
    if (answer.status !== 200 && answer.status !== 202) failures.push(String(answer.status));
    return performance.now() - due;
  }

  private request(kind: number) {
    if (kind === 0) return this.http.get('/chatroom');
    if (kind === 1) return this.http.get(`/chatroom/${this.room}?limit=10`);
    return this.http.post(`/chatroom/${this.room}/message`, { content: 'Still there?' });
  }
}
