import { setImmediate as otherWork } from 'node:timers/promises';
import { encodeCursor, type Page, type SlotLimit, SlotService } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { MessageAddress, MessageRow } from '../messages/message.row.js';
import { findWords, searchWords } from './search-words.js';
import { TooManySearchesError } from './search.errors.js';
import { type SearchedPart, SearchStore } from './search.store.js';
import { snippetOf } from './snippet.js';

/** A message that was found, with the part of its content around the words. */
export type FoundRow = MessageRow & { snippet: string };

/** A search takes some ten milliseconds, and a few seconds at most. */
const TWO_PER_USER: SlotLimit = { kind: 'search', limit: 2, leaseMs: 10_000 };

/** The texts that one answer holds at most, in characters; the one that goes beyond is the last one. */
const MAX_FOUND_LENGTH = 262_144;

/** How long one call compares texts. The usual megabyte takes three milliseconds; texts that are made to be slow end the call. */
const MAX_MATCHING_MS = 25;
/** How long it does so before other requests have their turn. */
const TURN_MS = 4;

/** What came of comparing texts. */
interface Matches {
  found: (MessageAddress & { snippet: string })[];
  /** The last message that was compared, if others are left. */
  stoppedAt: string | null;
}

/** Finds messages by the words that they contain. */
@Injectable()
export class SearchService {
  constructor(
    private readonly store: SearchStore,
    private readonly slots: SlotService,
  ) {}

  /**
   * The user's finished messages that contain all of the words, newest first. One call looks at a bounded amount of text: there may
   * be fewer than `limit`, even none, and a cursor all the same.
   *
   * @param q words with white space between them
   * @param before only messages older than this one
   * @throws TooManySearchesError, SearchUnavailableError
   */
  async find(userId: string, q: string, limit: number, before?: string): Promise<Page<FoundRow>> {
    const slot = await this.slots.acquire(TWO_PER_USER, userId);
    if (slot === null) throw new TooManySearchesError();
    try {
      const part = await this.store.read(userId, before);
      const { found, stoppedAt } = await match(part, searchWords(q), limit);
      const rows = await this.store.find(userId, found);
      const snippets = new Map(found.map(({ id, snippet }) => [id, snippet]));
      const items = rows.map((row) => ({ ...row, snippet: snippets.get(row.id) ?? '' }));
      return { items, nextCursor: stoppedAt === null ? null : encodeCursor({ id: stoppedAt }) };
    } finally {
      await slot.release();
    }
  }
}

/** Compares messages until there are more hits than `limit`, or until it took long enough. */
async function match({ messages, hasMore }: SearchedPart, words: string[], limit: number): Promise<Matches> {
  const found: Matches['found'] = [];
  let lastHit: string | null = null;
  let last: string | null = null;
  let length = 0;
  let spent = 0;
  let turn = 0;
  for (const { chatroomId, id, content, moreBytes } of messages) {
    if (last !== null && (length >= MAX_FOUND_LENGTH || spent >= MAX_MATCHING_MS)) return { found, stoppedAt: last };
    const begun = performance.now();
    const snippet = content === null ? null : snippetIn(content, words);
    if (snippet !== null) {
      if (found.length === limit) return { found, stoppedAt: lastHit };
      found.push({ chatroomId, id, snippet });
      lastHit = id;
      length += (content?.length ?? 0) + moreBytes;
    }
    last = id;
    const took = performance.now() - begun;
    spent += took;
    turn += took;
    if (turn < TURN_MS) continue;
    turn = 0;
    await otherWork();
  }
  return { found, stoppedAt: hasMore ? last : null };
}

function snippetIn(content: string, words: string[]): string | null {
  const found = findWords(content, words);
  return found === null ? null : snippetOf(content, found);
}
