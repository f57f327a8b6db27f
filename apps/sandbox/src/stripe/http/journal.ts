import { Injectable } from '@nestjs/common';
import { stripeId } from '../account/ids.js';

const MAX_ENTRIES = 5000;

/** One call of the API and its answer. */
export interface JournalEntry {
  id: string;
  /** ISO 8601, real time. */
  at: string;
  method: string;
  path: string;
  params: Record<string, unknown>;
  idempotencyKey: string | null;
  replayed: boolean;
  fault: string | null;
  /** Null before the answer, and when no answer was sent. */
  status: number | null;
}

/** The latest calls of the API, without API keys. */
@Injectable()
export class Journal {
  private entries: JournalEntry[] = [];

  begin(call: Pick<JournalEntry, 'method' | 'path' | 'params' | 'idempotencyKey'>): JournalEntry {
    const at = new Date().toISOString();
    const entry: JournalEntry = { id: stripeId('req', 14), at, ...call, replayed: false, fault: null, status: null };
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    return entry;
  }

  list(): readonly JournalEntry[] {
    return this.entries;
  }

  clear(): void {
    this.entries = [];
  }
}
