import { isChatError, type ChatError } from '../errors.js';
import type { Message, MessageSource, Reply, ReplyEvent } from '../types.js';

type WithoutTexts<Event> = Event extends unknown ? Omit<Event, 'snapshot' | 'thoughts'> : never;

/** An event as it is kept: each reader adds the texts up to it, which would take the square of their length if they were kept. */
export type ReplyStep = WithoutTexts<ReplyEvent>;

type Accepted = Extract<ReplyEvent, { type: 'accepted' }>;

/** Everything that has happened to a reply so far, for readers that begin at any time. */
export class ReplyRecord implements Reply {
  readonly accepted: Promise<Accepted>;
  snapshot = '';
  thoughts = '';
  sources: MessageSource[] = [];
  searchQueries: string[] = [];
  private readonly outcome: Promise<Message>;
  private readonly steps: ReplyStep[] = [];
  private failure: ChatError | null = null;
  private hasEnded = false;
  private settleAccepted!: (event: Accepted) => void;
  private settleOutcome!: (message: Message) => void;
  private rejectAccepted!: (error: ChatError) => void;
  private rejectOutcome!: (error: ChatError) => void;
  private waiting: (() => void)[] = [];

  /** @param cancel stops the model at the API */
  constructor(private readonly cancel: (reply: Message) => Promise<unknown>) {
    this.accepted = new Promise((resolve, reject) => {
      this.settleAccepted = resolve;
      this.rejectAccepted = reject;
    });
    this.outcome = new Promise((resolve, reject) => {
      this.settleOutcome = resolve;
      this.rejectOutcome = reject;
    });
    // Who reads the events hears of a failure there.
    this.accepted.catch(() => undefined);
    this.outcome.catch(() => undefined);
  }

  /** Whether nothing will follow. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Adds what has happened; nothing once it is over. */
  add(step: ReplyStep): void {
    if (this.hasEnded) return;
    this.snapshot = textAfter(this.snapshot, step, 'delta');
    this.thoughts = textAfter(this.thoughts, step, 'thought');
    if (step.type === 'sources') ({ sources: this.sources, searchQueries: this.searchQueries } = step);
    if (step.type === 'reset') this.sources = this.searchQueries = [];
    this.steps.push(step);
    if (step.type === 'accepted') this.settleAccepted({ ...step, snapshot: this.snapshot, thoughts: this.thoughts });
    if (step.type === 'done') {
      this.hasEnded = true;
      this.settleOutcome(step.message);
    }
    this.wake();
  }

  /** Ends it without an outcome. */
  fail(error: ChatError): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.failure = error;
    this.rejectAccepted(error);
    this.rejectOutcome(error);
    this.wake();
  }

  final(): Promise<Message> {
    return this.outcome;
  }

  async stop(): Promise<void> {
    try {
      const { reply } = await this.accepted;
      const isDone = this.hasEnded && this.failure === null;
      if (!isDone) await this.cancel(reply);
    } catch (error) {
      // What the API has refused needs no stopping.
      if (!isChatError(error) || error !== this.failure || error.status === 0) throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplyEvent, void, undefined> {
    let snapshot = '';
    let thoughts = '';
    for (let next = 0; ; next++) {
      while (next === this.steps.length) {
        if (this.failure !== null) throw this.failure;
        if (this.hasEnded) return;
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
      const step = this.steps[next]!;
      snapshot = textAfter(snapshot, step, 'delta');
      thoughts = textAfter(thoughts, step, 'thought');
      yield { ...step, snapshot, thoughts } as ReplyEvent;
    }
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function textAfter(text: string, step: ReplyStep, kind: 'delta' | 'thought'): string {
  if (step.type === kind) return text + step.text;
  return step.type === 'reset' ? '' : text;
}
