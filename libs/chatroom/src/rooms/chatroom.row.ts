import { isoTime } from '@app/platform';
import type { ChatroomResponse } from './chatroom.response.js';
import { GENERATION_COLUMNS, type GenerationSettings, type Thinking } from './generation-settings.js';

/** The part of a `chatroom` row that its owner may see. */
export interface ChatroomRow extends Omit<GenerationSettings, 'thinking'> {
  id: string;
  title: string | null;
  systemInstruction: string | null;
  model: string | null;
  /** A {@link Thinking}. */
  thinking: string | null;
  pinned: boolean;
  archived: boolean;
  createdAt: Date;
  updatedAt: Date;
  lastMessageAt: Date | null;
}

/** The columns of {@link ChatroomRow} for Prisma. */
export const CHATROOM_SELECT = {
  id: true,
  title: true,
  systemInstruction: true,
  model: true,
  thinking: true,
  temperature: true,
  maxOutputTokens: true,
  showThoughts: true,
  search: true,
  pinned: true,
  archived: true,
  createdAt: true,
  updatedAt: true,
  lastMessageAt: true,
} as const satisfies Record<keyof ChatroomRow, true>;

/**
 * The same for statements that read times with `ISO_TIMES`: their rows are {@link ChatroomResponse}s.
 *
 * @param systemInstruction the expression for that text
 */
export const chatroomColumns = (systemInstruction: string): string => `
  chatroom.id, chatroom.title, ${systemInstruction} AS "systemInstruction",
  chatroom.model, ${GENERATION_COLUMNS}, chatroom.pinned, chatroom.archived, chatroom.created_at AS "createdAt",
  chatroom.updated_at AS "updatedAt", chatroom.last_message_at AS "lastMessageAt"`;

/** As {@link chatroomColumns}, with the whole text. */
export const CHATROOM_COLUMNS = chatroomColumns('chatroom.system_instruction');

/** A room as its owner sees it, from PostgreSQL's JSON of {@link CHATROOM_COLUMNS}. */
export function jsonToChatroomResponse(json: string): ChatroomResponse {
  const room = JSON.parse(json) as ChatroomResponse;
  return {
    ...room,
    createdAt: isoTime(room.createdAt),
    updatedAt: isoTime(room.updatedAt),
    lastMessageAt: room.lastMessageAt === null ? null : isoTime(room.lastMessageAt),
  };
}

/** A room as its owner sees it. */
export const toChatroomResponse = (row: ChatroomRow): ChatroomResponse => ({
  ...row,
  thinking: row.thinking as Thinking | null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  lastMessageAt: row.lastMessageAt?.toISOString() ?? null,
});
