import { createHash } from 'node:crypto';
import { Database, decodeCursor, ISO_TIMES, Metrics, type Page, pageOf, prepared, readPage } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { IsBoolean, IsInt, IsUUID, Max, Min } from 'class-validator';
import { Counter } from 'prom-client';
import { ChatroomListCache } from './chatroom-list.cache.js';
import type { ListChatroomsQuery } from './chatroom.request.js';
import type { ChatroomPageResponse, ChatroomResponse } from './chatroom.response.js';
import { CHATROOM_COLUMNS } from './chatroom.row.js';

/** Behind the last room of a page. */
class ListPosition {
  @IsBoolean()
  pinned!: boolean;

  /** Of the latest activity, in milliseconds since 1970. The upper bound is the year 9999's end. */
  @IsInt()
  @Min(0)
  @Max(253_402_300_799_999)
  at!: number;

  @IsUUID()
  id!: string;
}

type ListRow = ChatroomResponse & { lastActivityAt: string; version: string };

const ORDER = 'ORDER BY chatroom.pinned DESC, chatroom.last_activity_at DESC, chatroom.id DESC';
const LISTED = `FROM chatroom WHERE chatroom.user_id = $1 AND chatroom.archived = $2`;

/**
 * What tells a row's content: every change of a row is a new row version, made by another transaction (`xmin`). The time
 * is for the one case in which a transaction id comes twice: a standby that was promoted without its last transactions.
 */
const ROW_VERSION = `chatroom.id || ' ' || chatroom.xmin || ' ' || chatroom.updated_at`;

const ROWS = `SELECT ${CHATROOM_COLUMNS}, chatroom.last_activity_at AS "lastActivityAt", ${ROW_VERSION} AS version`;

// Times come as text: making each a `Date` and text again is what a page of rows costs most (docs/adr/0002).
const FIRST_PAGE = prepared<ListRow>('chatroom_list_first_page', `${ROWS} ${LISTED} ${ORDER} LIMIT $3`, {
  types: ISO_TIMES,
});

const NEXT_PAGE = prepared<ListRow>(
  'chatroom_list_next_page',
  `
    ${ROWS} ${LISTED} AND (chatroom.pinned, chatroom.last_activity_at, chatroom.id) < ($4, $5, $6)
    ${ORDER} LIMIT $3`,
  { types: ISO_TIMES },
);

/** The version of the rows that {@link FIRST_PAGE} would return now, for a part of their cost. */
const FIRST_PAGE_VERSION = prepared<{ version: string }>(
  'chatroom_list_first_page_version',
  `
    SELECT encode(sha256(convert_to(coalesce(string_agg(page.version, ','), ''), 'UTF8')), 'hex') AS version
    FROM (SELECT ${ROW_VERSION} AS version ${LISTED} ${ORDER} LIMIT $3) page`,
);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** As {@link FIRST_PAGE_VERSION} computes it. */
const versionOf = (rows: ListRow[]): string => sha256(rows.map((row) => row.version).join(','));

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
    const position = [after.pinned, new Date(after.at), after.id];
    const read = (count: number) => this.database.run(NEXT_PAGE, [userId, archived, count, ...position]);
    return render(await readPage(limit, read, positionOf));
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
    const rows = await this.database.run(FIRST_PAGE, values);
    const body = render(pageOf(limit, rows, positionOf));
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
  pinned: row.pinned,
  archived: row.archived,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  lastMessageAt: row.lastMessageAt,
});

const positionOf = ({ pinned, lastActivityAt, id }: ListRow): ListPosition => ({
  pinned,
  at: Date.parse(lastActivityAt),
  id,
});
