import { hash } from 'node:crypto';
import {
  boundedPageOf,
  Clock,
  Database,
  decodeCursor,
  encodeCursor,
  ISO_TIMES,
  Metrics,
  type Page,
  prepared,
} from '@app/platform';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { ChatroomListCache } from './chatroom-list.cache.js';
import { LIST_ORDER, listPageSql, ListPosition, type ListRow, positionOf, ROW_VERSION } from './chatroom-list.row.js';
import { ChatroomWalkService } from './chatroom-walk.service.js';
import type { ListChatroomsQuery } from './chatroom.request.js';
import type { ChatroomPageResponse, ChatroomResponse } from './chatroom.response.js';

const LISTED = 'chatroom.user_id = $1 AND chatroom.archived = $2';

// Times come as text: making each a `Date` and text again is what a page of rows costs most (docs/adr/0002).
const FIRST_PAGE = prepared<ListRow>('chatroom_list_first_page', listPageSql(LISTED, '$3'), { types: ISO_TIMES });

/** The version of the rows that {@link FIRST_PAGE} would return now, for a part of their cost. */
const FIRST_PAGE_VERSION = prepared<{ version: string }>(
  'chatroom_list_first_page_version',
  `
    SELECT encode(sha256(coalesce(string_agg(page.version, ''), '')), 'hex') AS version
    FROM (SELECT ${ROW_VERSION} AS version FROM chatroom WHERE ${LISTED} ORDER BY ${LIST_ORDER} LIMIT $3) page`,
);

const sha256 = (data: string | Buffer): string => hash('sha256', data, 'hex');

/** As {@link FIRST_PAGE_VERSION} computes it. */
const versionOf = (rows: ListRow[]): string => sha256(Buffer.concat(rows.map((row) => row.version)));

/** Another release may read other columns: then its pages have another shape than those that are cached. */
const FORMAT = sha256(FIRST_PAGE.text);

/**
 * A user's rooms, pinned ones first, then by latest activity. The first page comes rendered from Redis when the version
 * of its rows, which PostgreSQL tells in every request, is still the one that it was rendered from. So it can't be
 * stale, whoever wrote, and whatever Redis lost; writers need not know that there is a cache (docs/adr/0011).
 */
@Injectable()
export class ChatroomListService {
  private readonly reads: Counter<'result'>;

  constructor(
    private readonly database: Database,
    private readonly cache: ChatroomListCache,
    private readonly walks: ChatroomWalkService,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.reads = new Counter({
      name: 'chatroom_list_first_pages_total',
      help: 'First pages of room lists by what the cache gave: hit, outdated, absent, unreachable.',
      labelNames: ['result'],
      registers: [metrics],
    });
  }

  /**
   * A page as JSON: a {@link ChatroomPageResponse}.
   *
   * @throws ValidationFailedError for a malformed cursor
   */
  async page(userId: string, { archived, limit, cursor }: ListChatroomsQuery): Promise<string> {
    const after = decodeCursor(ListPosition, cursor);
    if (after === undefined) return this.firstPage(userId, archived, limit);
    return render(await this.walks.page({ userId, archived, limit }, after));
  }

  private async firstPage(userId: string, archived: boolean, limit: number): Promise<string> {
    const values = [userId, archived, limit + 1];
    const shape = `${archived} ${limit} ${FORMAT}`;
    // Both are needed for a hit, so they are asked for at the same time.
    const [cached, version] = await Promise.all([this.cache.find(userId), this.version(values)]);
    if (cached?.shape === shape && cached.version === version) {
      this.reads.inc({ result: 'hit' });
      return cached.body;
    }
    this.reads.inc({ result: cached === undefined ? 'unreachable' : cached === null ? 'absent' : 'outdated' });
    const now = this.clock.now();
    const rows = await this.database.run(FIRST_PAGE, values);
    const page = boundedPageOf(limit, rows, positionOf);
    const nextCursor = page.nextCursor === null ? null : encodeCursor(this.walks.begin(page.items, now));
    const body = render({ ...page, nextCursor });
    if (cached !== undefined) this.cache.store(userId, { shape, version: versionOf(rows), body });
    return body;
  }

  private async version(values: unknown[]): Promise<string | undefined> {
    const [row] = await this.database.run(FIRST_PAGE_VERSION, values);
    return row?.version;
  }
}

const render = ({ items, nextCursor }: Page<ListRow>): string =>
  JSON.stringify({ items: items.map(toRoom), nextCursor } satisfies ChatroomPageResponse);

const toRoom = (row: ListRow): ChatroomResponse => ({
  id: row.id,
  title: row.title,
  systemInstruction: row.systemInstruction,
  model: row.model,
  thinking: row.thinking,
  temperature: row.temperature,
  maxOutputTokens: row.maxOutputTokens,
  showThoughts: row.showThoughts,
  search: row.search,
  pinned: row.pinned,
  archived: row.archived,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastMessageAt: row.lastMessageAt,
});
