import { boundedTextSql } from '@app/platform';
import { IsBoolean, IsInt, IsOptional, IsUUID, Matches, Max, MaxLength, Min } from 'class-validator';
import type { ChatroomResponse } from './chatroom.response.js';
import { chatroomColumns } from './chatroom.row.js';

/** The year 9999's end, in milliseconds since 1970. */
const LAST_TIME = 253_402_300_799_999;

/** How long the rooms of a first page are in a cursor: eight bytes for each of a hundred. */
const MAX_SEEN_LENGTH = 1_100;

/** Behind the last room of a page: what a cursor of the list holds. */
export class ListPosition {
  @IsBoolean()
  pinned!: boolean;

  /** Of the latest activity, in milliseconds since 1970. */
  @IsInt()
  @Min(0)
  @Max(LAST_TIME)
  at!: number;

  @IsUUID()
  id!: string;

  /** Before the walk through the list began, in milliseconds since 1970; absent: rooms that move meanwhile are not looked for. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(LAST_TIME)
  since?: number;

  /** Behind the first page: its rooms, as `seenRooms` makes them, in base64url. */
  @IsOptional()
  @Matches(/^[\w-]*$/)
  @MaxLength(MAX_SEEN_LENGTH)
  seen?: string;

  /** Behind a later page: the state that has the rooms of all pages so far. */
  @IsOptional()
  @IsUUID()
  walk?: string;
}

/** A room of the list; `bytes` is the size of its texts. */
export type ListRow = ChatroomResponse & { lastActivityAt: string; version: Buffer; bytes: number };

/**
 * What tells a row's content: every change of a row is a new row version, made by another transaction (`xmin`). The time
 * is for the one case in which a transaction id comes twice: a standby that was promoted without its last transactions. In
 * PostgreSQL's binary form: as texts they would cost a quarter of the statement that tells the version of a page.
 */
export const ROW_VERSION = 'uuid_send(chatroom.id) || xidsend(chatroom.xmin) || timestamptz_send(chatroom.updated_at)';

export const LIST_ORDER = 'chatroom.pinned DESC, chatroom.last_activity_at DESC, chatroom.id DESC';

/**
 * A SELECT of rooms in the list's order for `boundedPageOf`, as {@link ListRow}s.
 *
 * @param condition on `chatroom`
 * @param limit how many at most
 */
export const listPageSql = (condition: string, limit: string): string => `
  SELECT ${chatroomColumns(boundedTextSql('chatroom.system_instruction'))}, chatroom.version, chatroom.bytes,
    chatroom.last_activity_at AS "lastActivityAt"
  FROM (
    SELECT chatroom.*, ${ROW_VERSION} AS version,
      coalesce(octet_length(chatroom.title), 0) + coalesce(octet_length(chatroom.system_instruction), 0) AS bytes
    FROM chatroom WHERE ${condition}
    ORDER BY ${LIST_ORDER} LIMIT ${limit}
  ) chatroom
  WINDOW page AS (ORDER BY ${LIST_ORDER} ROWS UNBOUNDED PRECEDING)
  ORDER BY ${LIST_ORDER}`;

/** The position behind a room. */
export const positionOf = ({ pinned, lastActivityAt, id }: ListRow): ListPosition => ({
  pinned,
  at: Date.parse(lastActivityAt),
  id,
});

/** Sorts positions in the list's order. */
export function inListOrder(one: ListPosition, other: ListPosition): number {
  if (one.pinned !== other.pinned) return one.pinned ? -1 : 1;
  if (one.at !== other.at) return other.at - one.at;
  return one.id === other.id ? 0 : one.id > other.id ? -1 : 1;
}
