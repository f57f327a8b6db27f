import type { Grounding } from '@app/chatroom';
import { type Segment, StoredOffsets, type TextRange } from './stored-offsets.js';

/** What an answer is founded on, as it is on the wire (ai.google.dev/api/generate-content#GroundingMetadata). */
export interface GroundingMetadata {
  webSearchQueries?: string[];
  groundingChunks?: { web?: { uri?: string; title?: string } }[];
  groundingSupports?: { segment?: Segment; groundingChunkIndices?: number[] }[];
}

type MessageSource = Grounding['sources'][number];

const MAX_SOURCES = 100;
const MAX_RANGES = 100;
const MAX_TITLE_CHARACTERS = 200;
const MAX_URI_LENGTH = 4_096;
const MAX_QUERIES = 20;
const MAX_QUERY_CHARACTERS = 500;

/** So that looking for them all stays short; an answer has a few dozen. */
const MAX_SUPPORTS = 1_000;

/**
 * Models of these generations are billed for each answer that has searched at all, newer ones for each query that is not empty
 * and not the same as another (ai.google.dev/gemini-api/docs/google-search#pricing).
 */
const BILLED_BY_ANSWER = /^gemini-[12]\./;

/** What the responses of one call tell of the searches behind its answer. */
export class GeminiGrounding {
  private text = '';
  private chunks: NonNullable<GroundingMetadata['groundingChunks']> = [];
  private supports: NonNullable<GroundingMetadata['groundingSupports']> = [];
  private readonly queries = new Set<string>();

  /** @param call its `search`: otherwise nothing is taken */
  constructor(private readonly call: { model: string; search: boolean }) {}

  /**
   * Takes a response. The lists may come several times, growing, usually in the last response alone.
   *
   * @param text what is visible of it
   */
  take(text: string, metadata: GroundingMetadata | undefined): void {
    if (!this.call.search) return;
    this.text += text;
    for (const query of listOf(metadata?.webSearchQueries)) if (isText(query)) this.queries.add(query.trim());
    this.queries.delete('');
    const [chunks, supports] = [listOf(metadata?.groundingChunks), listOf(metadata?.groundingSupports)];
    // Earlier supports name chunks by their place in the earlier list.
    if (chunks.length > 0 && !beginsWith(chunks, this.chunks)) this.supports = [];
    if (chunks.length > 0) this.chunks = chunks;
    if (supports.length > 0) this.supports = supports;
  }

  /** How many searches the vendor bills, as far as it has told. */
  get searches(): number {
    if (!BILLED_BY_ANSWER.test(this.call.model)) return this.queries.size;
    return this.queries.size > 0 || this.chunks.length > 0 ? 1 : 0;
  }

  /** What the answer is founded on, with ranges of the text as it is stored; null: nothing was searched for. */
  get grounding(): Grounding | null {
    const sources = this.sources();
    const searchQueries = [...this.queries].slice(0, MAX_QUERIES).map((query) => clip(query, MAX_QUERY_CHARACTERS));
    return sources.length === 0 && searchQueries.length === 0 ? null : { sources, searchQueries };
  }

  private sources(): MessageSource[] {
    const byUri = new Map<string, MessageSource>();
    const ofChunk = this.chunks.map((chunk) => {
      const uri = uriIn(chunk?.web?.uri);
      if (uri === null) return null;
      const source = byUri.get(uri) ?? { title: '', uri, ranges: [] };
      if (!byUri.has(uri) && byUri.size === MAX_SOURCES) return null;
      byUri.set(uri, source);
      if (source.title === '') source.title = titleIn(chunk.web?.title);
      return source;
    });
    const supports = ofChunk.some((source) => source !== null) ? this.supports.slice(0, MAX_SUPPORTS) : [];
    const offsets = supports.length === 0 ? null : new StoredOffsets(this.text);
    for (const support of supports) {
      const range = offsets?.rangeOf(support?.segment ?? {}) ?? null;
      if (range === null) continue;
      const indices = new Set(listOf(support.groundingChunkIndices).filter(Number.isInteger));
      for (const index of indices) ofChunk[index]?.ranges.push(range);
    }
    return [...byUri.values()].map(({ title, uri, ranges }) => ({
      title: title === '' ? new URL(uri).hostname : title,
      uri,
      ranges: united(ranges).slice(0, MAX_RANGES),
    }));
  }
}

/** What is no list, counts as an empty one. */
const listOf = <T>(list: T[] | undefined): T[] => (Array.isArray(list) ? list : []);

const isText = (value: unknown): value is string => typeof value === 'string';

/** Whether a list of chunks goes on where an earlier one ended. */
const beginsWith = (
  chunks: NonNullable<GroundingMetadata['groundingChunks']>,
  earlier: NonNullable<GroundingMetadata['groundingChunks']>,
): boolean => earlier.every((chunk, index) => chunk?.web?.uri === chunks[index]?.web?.uri);

/** An address that a reader may be led to, without a character that can't be stored; null: it is none. */
function uriIn(uri: unknown): string | null {
  if (!isText(uri) || uri.length > MAX_URI_LENGTH) return null;
  const url = URL.parse(uri);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.href.length > MAX_URI_LENGTH) return null;
  return url.href;
}

const titleIn = (title: unknown): string => (isText(title) ? clip(title, MAX_TITLE_CHARACTERS) : '');

/** The beginning of a text, of at most so many characters, without what can't be stored. */
function clip(text: string, characters: number): string {
  // A character takes two code units at most.
  const beginning = text
    .replaceAll('\u0000', '')
    .trim()
    .slice(0, characters * 2);
  return [...beginning].slice(0, characters).join('').toWellFormed();
}

/** In order, and those that overlap or touch as one. */
function united(ranges: TextRange[]): TextRange[] {
  const result: TextRange[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}
