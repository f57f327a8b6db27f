import { Injectable } from '@nestjs/common';
import { stripeId } from '../account/ids.js';

const KEPT = 5000;

/** One call of the API as it was received, and how it was answered. */
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
  /** Null while there is no answer, or when none went out. */
  status: number | null;
}

/** The last calls of the API. Keys of the account aren't kept. */
@Injectable()
export class Journal {
  private entries: JournalEntry[] = [];

  begin(call: Pick<JournalEntry, 'method' | 'path' | 'params' | 'idempotencyKey'>): JournalEntry {
    const at = new Date().toISOString();
    const entry: JournalEntry = { id: stripeId('req', 14), at, ...call, replayed: false, fault: null, status: null };
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.shift();
    return entry;
  }

  list(): readonly JournalEntry[] {
    return this.entries;
  }

  clear(): void {
    this.entries = [];
  }
}
