import { boundedPageOf, Database, encodeCursor, ISO_TIMES, type Page, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { inListOrder, listPageSql, type ListPosition, type ListRow, positionOf } from './chatroom-list.row.js';
import { ChatroomWalkCache, seenRooms, type WalkState } from './chatroom-walk.cache.js';

/**
 * How long before a walk's first page a change may have its time, and yet be seen only by later pages: it is committed a while
 * after its process has read the clock, and clocks differ.
 */
const UNCERTAIN_MS = 60_000;

/** With more rooms changed during a walk, no person is changing them: it goes on by position alone. */
const MAX_CHANGED = 2_000;

/** What is behind the position, but not what has changed since the walk began ($7; null: that, too). */
const NEXT_PAGE = prepared<ListRow>(
  'chatroom_list_next_page',
  listPageSql(
    `chatroom.user_id = $1 AND chatroom.archived = $2
     AND (chatroom.pinned, chatroom.last_activity_at, chatroom.id) < ($4, $5, $6)
     AND ($7::timestamptz IS NULL OR (chatroom.updated_at <= $7 AND chatroom.last_activity_at <= $7))`,
    '$3',
  ),
  { types: ISO_TIMES },
);

const activeSql = (pinned: boolean): string =>
  `SELECT id FROM chatroom WHERE user_id = $1::uuid AND archived = $2::boolean AND pinned = ${pinned} AND last_activity_at > $3::timestamptz`;

/** The rooms that have changed since: by a message, which the list's index tells, or otherwise, for which there is one, too. */
const CHANGED = prepared<{ id: string }>(
  'chatroom_list_changed',
  `
    ${activeSql(true)} UNION ${activeSql(false)} UNION
    SELECT id FROM chatroom
    WHERE user_id = $1::uuid AND archived = $2::boolean AND updated_at > $3::timestamptz AND updated_at > last_activity_at
    LIMIT ${MAX_CHANGED + 1}`,
);

const MOVED = prepared<ListRow>(
  'chatroom_list_moved',
  listPageSql('chatroom.user_id = $1 AND chatroom.archived = $2 AND chatroom.id = ANY($4::uuid[])', '$3'),
  { types: ISO_TIMES },
);

/** A list that is walked through. */
interface WalkedList {
  userId: string;
  archived: boolean;
  limit: number;
}

/**
 * The pages behind the first one. A room that is pinned, unpinned or gets a message while someone walks through the list moves
 * to another place. So a page has, besides what is behind the last one, the rooms that have changed since the walk began and
 * that no page has had; and none that a page has had. Each room that is in the list throughout comes exactly once.
 */
@Injectable()
export class ChatroomWalkService {
  constructor(
    private readonly database: Database,
    private readonly walks: ChatroomWalkCache,
  ) {}

  /** The cursor behind a first page that was read after this moment. */
  begin(rows: ListRow[], now: Date): ListPosition {
    const last = positionOf(rows.at(-1) as ListRow);
    const seen = seenRooms(rows.map(({ id }) => id)).toString('base64url');
    return { ...last, since: Math.max(0, now.getTime() - UNCERTAIN_MS), seen };
  }

  /** The page behind a position. */
  async page(list: WalkedList, position: ListPosition): Promise<Page<ListRow>> {
    return (await this.stablePage(list, position)) ?? (await this.pageByPosition(list, position));
  }

  /** Null where it is not known what the walk has seen. */
  private async stablePage(list: WalkedList, position: ListPosition): Promise<Page<ListRow> | null> {
    const { userId, archived, limit } = list;
    const state = stateOf(position);
    if (state === null || position.since === undefined) return null;
    const since = new Date(position.since);
    const unchanged = await this.read(list, position, since);
    // Asked afterwards: what changes between the two is in one of them, or in both.
    const changed = (await this.database.run(CHANGED, [userId, archived, since])).map(({ id }) => id);
    if (changed.length > MAX_CHANGED) return null;
    const read = new Set(unchanged.map(({ id }) => id));
    const others = changed.filter((id) => !read.has(id));
    const unseen = others.length === 0 ? [] : await this.walks.unseen(userId, state, others);
    if (unseen === null) return null;
    const moved = unseen.length === 0 ? [] : await this.database.run(MOVED, [userId, archived, limit + 1, unseen]);
    const rows = [...unchanged, ...moved].sort((one, other) => inListOrder(positionOf(one), positionOf(other)));
    const page = boundedPageOf(limit, rows, positionOf);
    if (page.nextCursor === null) return page;
    const next = furthest(position, page.items);
    const walked = await this.walks.extend(
      userId,
      state,
      page.items.map(({ id }) => id),
    );
    const cursor = walked === null ? next : { ...next, since: position.since, ...walked };
    return { ...page, nextCursor: encodeCursor(cursor) };
  }

  private async pageByPosition(list: WalkedList, position: ListPosition): Promise<Page<ListRow>> {
    return boundedPageOf(list.limit, await this.read(list, position, null), positionOf);
  }

  private async read(
    { userId, archived, limit }: WalkedList,
    { pinned, at, id }: ListPosition,
    since: Date | null,
  ): Promise<ListRow[]> {
    return await this.database.run(NEXT_PAGE, [userId, archived, limit + 1, pinned, new Date(at), id, since]);
  }
}

function stateOf({ seen, walk }: ListPosition): WalkState | null {
  if (walk !== undefined) return { walk };
  return seen === undefined ? null : { seen: Buffer.from(seen, 'base64url') };
}

/** The position behind a page. Rooms that have moved ahead lead no walk back. */
function furthest({ pinned, at, id }: ListPosition, items: ListRow[]): ListPosition {
  const positions = [{ pinned, at, id }, ...items.map(positionOf)].sort(inListOrder);
  return positions.at(-1) as ListPosition;
}
