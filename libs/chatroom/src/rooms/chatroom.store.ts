import { Clock, Database, ISO_TIMES, prepared, type PreparedStatement, uuidv7 } from '@app/platform';
import { PlanCatalogue } from '@app/subscription';
import { Injectable } from '@nestjs/common';
import { type MessageAddress, messagePageSql, type PageMessageRow } from '../messages/message.row.js';
import { FORK, type ForkOutcome, roomAllowanceSql } from './chatroom-fork-sql.js';
import type { CreateChatroomRequest, UpdateChatroomRequest } from './chatroom.request.js';
import type { ChatroomResponse } from './chatroom.response.js';
import { CHATROOM_COLUMNS, CHATROOM_SELECT, type ChatroomRow, jsonToChatroomResponse } from './chatroom.row.js';

/** A room with a page of its messages, newest first. */
export interface Conversation {
  room: ChatroomResponse;
  messages: PageMessageRow<string>[];
}

/**
 * One row for each message, with the room as JSON beside it; without messages a single one that holds the room alone. Making
 * JSON of the messages, too, would cost PostgreSQL half as much again as this (docs/adr/0002).
 */
const READ = prepared<{ room: string } & (PageMessageRow<string> | { id: null })>(
  'chatroom_read',
  `
    SELECT room.json AS room, page.* FROM (
      SELECT id, (SELECT row_to_json(own)::text FROM (SELECT ${CHATROOM_COLUMNS}) own) AS json
      FROM chatroom WHERE id = $1 AND user_id = $2 OFFSET 0
    ) room LEFT JOIN LATERAL (${messagePageSql(
      'message WHERE message.chatroom_id = room.id AND message.seq < $3 AND NOT message.superseded',
      '$4',
    )}) page ON true`,
  { types: ISO_TIMES },
);

/** What has become of a fork: `room` is null where the user has as many as the plan allows, or where something else stands against it. */
export interface Fork {
  room: ChatroomRow | null;
  /** Whether the room has the message. */
  hasMessage: boolean;
  /** Whether the message or one before it is a reply without an outcome. */
  unfinished: boolean;
  /** Whether there is more than one fork copies. */
  tooLong: boolean;
}

/**
 * So many rooms below a plan's limit, rooms are created without a lock. The count of a statement doesn't see what others
 * are about to commit: this many creations of one user would have to commit while a single one is under way.
 */
const UNLOCKED_BELOW_LIMIT = 100;

/**
 * Whoever creates rooms close to the limit waits here, and counts those of all who came before. The lock is not the one of a
 * deletion: statements that only reference the user go on.
 */
const LOCK_OWNER = prepared<{ id: string }>(
  'chatroom_lock_owner',
  'SELECT id FROM "user" WHERE id = $1::uuid FOR NO KEY UPDATE',
);

/** Creates a room unless the user's plan has no more, with a distance to its limit. */
const CREATE = prepared<ChatroomRow>(
  'chatroom_create',
  `
    WITH ${roomAllowanceSql('$2', '$6', '$7')}
    INSERT INTO chatroom (id, user_id, title, system_instruction, model, thinking, temperature, max_output_tokens, show_thoughts,
      search, created_at, updated_at, last_activity_at)
    SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $8::text, $9::float8, $10::int, $11::boolean, $12::boolean, $6::timestamptz, $6::timestamptz, $6::timestamptz
    FROM allowance, held WHERE held.rooms + $13::int < allowance.rooms
    RETURNING ${CHATROOM_COLUMNS}`,
);

/** Rooms in PostgreSQL, and the reading of their messages; whose they are is part of every query. */
@Injectable()
export class ChatroomStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly catalogue: PlanCatalogue,
  ) {}

  /**
   * Creates a room, unless the plan has no more: with one statement, and close to the limit in a transaction that locks
   * the user, so that parallel requests don't exceed it.
   *
   * @returns null when the user has as many rooms as the plan allows
   */
  async create(userId: string, wanted: CreateChatroomRequest): Promise<ChatroomRow | null> {
    const { title = null, systemInstruction = null, model = null } = wanted;
    const { thinking = null, temperature = null, maxOutputTokens = null } = wanted;
    const { showThoughts = false, search = false } = wanted;
    const settings = [thinking, temperature, maxOutputTokens, showThoughts, search];
    const now = this.clock.now().toISOString();
    const values = [uuidv7(), userId, title, systemInstruction, model, now, this.catalogue.sqlParameter, ...settings];
    const isCreated = (row: ChatroomRow | null): boolean => row !== null;
    return await this.withinPlan(userId, CREATE, values, isCreated);
  }

  /**
   * Copies a room up to and with one of its messages, as {@link create} creates one.
   *
   * @returns null when the user has no such room
   */
  async fork(userId: string, { chatroomId, id }: MessageAddress): Promise<Fork | null> {
    const now = this.clock.now().toISOString();
    const values = [uuidv7(), userId, chatroomId, id, now, this.catalogue.sqlParameter];
    const isDecided = (row: ForkOutcome | null): boolean =>
      row === null || row.id !== null || !row.hasMessage || row.unfinished || row.tooLong || row.isLost;
    const outcome = await this.withinPlan(userId, FORK, values, isDecided);
    if (outcome === null) return null;
    const { hasMessage, unfinished, tooLong, isLost, ...room } = outcome;
    if (isLost) return null;
    return { room: isRoom(room) ? room : null, hasMessage, unfinished, tooLong };
  }

  /**
   * Runs a statement that creates a room: at first with a distance to the limit as its last parameter, then, where it was that which
   * stood against it, without and in a transaction that locks the user.
   */
  private async withinPlan<Row extends object>(
    userId: string,
    statement: PreparedStatement<Row>,
    values: unknown[],
    isDecided: (row: Row | null) => boolean,
  ): Promise<Row | null> {
    const [unlocked = null] = await this.database.run(statement, [...values, UNLOCKED_BELOW_LIMIT]);
    if (isDecided(unlocked)) return unlocked;
    const { prisma } = this.database;
    const [, [locked]] = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_OWNER.text, userId),
      prisma.$queryRawUnsafe<Row[]>(statement.text, ...values, 0),
    ]);
    return locked ?? null;
  }

  async find(userId: string, chatroomId: string): Promise<ChatroomRow | null> {
    const where = { id: chatroomId, userId };
    return await this.database.prisma.chatroom.findUnique({ where, select: CHATROOM_SELECT });
  }

  /** Changes what is not undefined. @returns null when the user has no such room */
  async update(userId: string, chatroomId: string, change: UpdateChatroomRequest): Promise<ChatroomRow | null> {
    const [room] = await this.database.prisma.chatroom.updateManyAndReturn({
      where: { id: chatroomId, userId },
      data: { ...change, updatedAt: this.clock.now() },
      select: CHATROOM_SELECT,
    });
    return room ?? null;
  }

  /**
   * The room with its newest messages, newest first, without superseded variants, for a page with a bounded amount of text.
   *
   * @param before only messages older than the one at this position in the room
   */
  async read(userId: string, chatroomId: string, limit: number, before: number): Promise<Conversation | null> {
    const rows = await this.database.run(READ, [chatroomId, userId, before, limit]);
    const [first] = rows;
    if (first === undefined) return null;
    return { room: jsonToChatroomResponse(first.room), messages: rows.filter((row) => row.id !== null) };
  }
}

const isRoom = (room: { [Column in keyof ChatroomRow]: ChatroomRow[Column] | null }): room is ChatroomRow =>
  room.id !== null;
