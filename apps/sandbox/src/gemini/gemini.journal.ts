import { Injectable } from '@nestjs/common';
import type { BehaviourType } from './gemini.behaviour.js';
import type { GeminiCall } from './gemini.call.js';
import type { UsageMetadata } from './gemini.wire.js';
import { type CallMatch, matches } from './gemini.script.js';

export const OUTCOMES = ['open', 'completed', 'aborted'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One call and its answer. Times are ISO 8601. */
export interface JournalEntry extends GeminiCall {
  id: number;
  behaviour: BehaviourType;
  ruleId: number | null;
  /** The HTTP status sent; null: none yet. */
  status: number | null;
  /** Pieces of text sent. */
  chunks: number;
  /** The tokens that the client was told of last; null: none. */
  usage: UsageMetadata | null;
  /** Queries of the web that the client was told of. */
  searches: number;
  receivedAt: string;
  firstByteAt: string | null;
  endedAt: string | null;
  /** `aborted`: the client closed the connection before the end. */
  outcome: Outcome;
}

const MAX_ENTRIES = 20_000;
const MAX_TEXT_CHARACTERS = 64_000_000;

/** The latest calls, limited in number and in text. */
@Injectable()
export class GeminiJournal {
  private entries: { entry: JournalEntry; size: number }[] = [];
  private size = 0;
  private lastId = 0;

  open(call: GeminiCall, behaviour: BehaviourType, ruleId: number | null): JournalEntry {
    const entry: JournalEntry = {
      id: ++this.lastId,
      ...call,
      behaviour,
      ruleId,
      status: null,
      chunks: 0,
      usage: null,
      searches: 0,
      receivedAt: new Date().toISOString(),
      firstByteAt: null,
      endedAt: null,
      outcome: 'open',
    };
    const size = JSON.stringify(call.contents).length;
    this.entries.push({ entry, size });
    this.size += size;
    while (this.entries.length > MAX_ENTRIES || (this.size > MAX_TEXT_CHARACTERS && this.entries.length > 1)) {
      this.size -= this.entries.shift()?.size ?? 0;
    }
    return entry;
  }

  /** Oldest first. */
  list(match: CallMatch, outcome?: Outcome): JournalEntry[] {
    return this.entries
      .map(({ entry }) => entry)
      .filter((entry) => matches(match, entry))
      .filter((entry) => outcome === undefined || entry.outcome === outcome);
  }

  clear(): void {
    this.entries = [];
    this.size = 0;
  }
}
