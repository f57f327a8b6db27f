import { createHash } from 'node:crypto';
import { Database, decodeCursor, encodeCursor, ISO_TIMES, Metrics, type PreparedStatement } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { IsBoolean, IsInt, IsUUID, Max, Min } from 'class-validator';
import { Counter } from 'prom-client';
import { ChatroomListCache } from './chatroom-list.cache.js';
import type { ListChatroomsQuery } from './chatroom.request.js';
import type { ChatroomPageResponse, ChatroomResponse } from './chatroom.response.js';
import { CHATROOM_COLUMNS } from './chatroom.store.js';

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

const FIRST_PAGE: PreparedStatement = {
  name: 'chatroom_list_first_page',
  types: ISO_TIMES,
  text: `${ROWS} ${LISTED} ${ORDER} LIMIT $3`,
};

const NEXT_PAGE: PreparedStatement = {
  name: 'chatroom_list_next_page',
  types: ISO_TIMES,
  text: `
    ${ROWS} ${LISTED} AND (chatroom.pinned, chatroom.last_activity_at, chatroom.id) < ($4, $5, $6)
    ${ORDER} LIMIT $3`,
};

/** The version of the rows that {@link FIRST_PAGE} would return now, for a part of their cost. */
const FIRST_PAGE_VERSION: PreparedStatement = {
  name: 'chatroom_list_first_page_version',
  text: `
    SELECT encode(sha256(convert_to(coalesce(string_agg(page.version, ','), ''), 'UTF8')), 'hex') AS version
    FROM (SELECT ${ROW_VERSION} AS version ${LISTED} ${ORDER} LIMIT $3) page`,
};

/** As {@link FIRST_PAGE_VERSION} computes it. */
const versionOf = (rows: ListRow[]): string =>
  createHash('sha256')
    .update(rows.map((row) => row.version).join(','))
    .digest('hex');

/**
 * A user's rooms, pinned ones first, then by latest activity. The first page comes rendered from Redis when the version
 * of its rows, which PostgreSQL tells in every request, is still the one that it was rendered from. So it can't be
 * stale, whoever wrote, and whatever became of Redis; writers need not know that there is a cache (docs/adr/0011).
 */
@Injectable()
export class ChatroomList {
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
   * @throws ValidationFailedError for a cursor that is none
   */
  async page(userId: string, { archived, limit, cursor }: ListChatroomsQuery): Promise<string> {
    const after = decodeCursor(ListPosition, cursor);
    if (after === undefined) return this.firstPage(userId, archived, limit);
    const position = [after.pinned, new Date(after.at), after.id];
    const rows = await this.database.run<ListRow>(NEXT_PAGE, [userId, archived, limit + 1, ...position]);
    return render(rows, limit);
  }

  private async firstPage(userId: string, archived: boolean, limit: number): Promise<string> {
    const values = [userId, archived, limit + 1];
    const shape = `${archived} ${limit}`;
    // At the same time, for the one is of no use without the other where the cache serves at all.
    const [cached, version] = await Promise.all([this.cache.find(userId), this.version(values)]);
    if (cached?.shape === shape && cached.version === version) {
      this.reads.inc({ result: 'hit' });
      return cached.body;
    }
    this.reads.inc({ result: cached === undefined ? 'unreachable' : cached === null ? 'absent' : 'outdated' });
    const rows = await this.database.run<ListRow>(FIRST_PAGE, values);
    const body = render(rows, limit);
    if (cached !== undefined) this.cache.keep(userId, { shape, version: versionOf(rows), body });
    return body;
  }

  private async version(values: unknown[]): Promise<string | undefined> {
    const [row] = await this.database.run<{ version: string }>(FIRST_PAGE_VERSION, values);
    return row?.version;
  }
}

/** @param rows one more than the page holds, if there are more */
function render(rows: ListRow[], limit: number): string {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  const page: ChatroomPageResponse = {
    items: rows.slice(0, limit).map(toRoom),
    nextCursor: last === undefined ? null : encodeCursor(positionOf(last)),
  };
  return JSON.stringify(page);
}

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
