import { Clock, Database, inBatches, ISO_TIMES, MAX_PAGE_BYTES, prepared, uuidv7 } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { MessageRole } from '../messages/message.row.js';
import { hasTextSql } from '../text/has-text-sql.js';
import { newShareToken } from './share-token.js';

/** A share as its owner gets to know it. */
export interface ShareRow {
  id: string;
  token: string;
  createdAt: Date;
}

/** A share with all that is stored of it. */
export interface ExportedShare extends ShareRow {
  chatroomId: string;
  title: string | null;
  /** The positions of its messages in the room. */
  seqs: number[];
}

/** A message of a shared conversation. */
export interface SharedMessageRow {
  role: MessageRole;
  content: string;
  /** ISO 8601. */
  createdAt: string;
}

/** What came of sharing a room. */
interface Creation {
  /** How many shares the room had before. */
  held: number;
  stored: boolean;
}

/** How many shares a room may have. */
export const MAX_SHARES = 100;

/** A share goes so many exchanges back, or until their texts have {@link MAX_PAGE_BYTES}: the exchange that goes beyond is its first. */
const MAX_EXCHANGES = 1_000;

/** How many variants of one reply are searched for a text, from the newest one on. */
const MAX_VARIANTS = 50;

const EXPORTED_AT_ONCE = 500;

/** Whoever shares a room waits here, and counts the shares of all who came before. Reading the room goes on. */
const LOCK_ROOM = prepared<{ id: string }>(
  'share_lock_room',
  'SELECT id::text FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid FOR NO KEY UPDATE',
);

/**
 * Stores which messages a reader is shown: of each question the text of the newest variant of its reply that is finished and has any;
 * without one the question goes alone. Exchanges that ended `blocked` are left out: they are neither what the model is shown.
 *
 * It goes back from exchange to exchange by the room's indexes, as `turnsBeforeSql` does: the variants of a question stand between
 * it and the next one. So the work is bounded however long the room is, and however long its texts are.
 */
const CREATE = prepared<Creation>(
  'share_create',
  `
    WITH RECURSIVE room AS (
      SELECT id, title, last_seq FROM chatroom WHERE id = $2::uuid AND user_id = $1::uuid
    ), exchange AS (
      SELECT 0 AS depth, room.last_seq + 1 AS seq, NULL::int AS asked, NULL::int AS answered, 0::bigint AS bytes FROM room
      UNION ALL
      SELECT exchange.depth + 1, question.seq, shown.seq, answer.seq,
        exchange.bytes + COALESCE(shown.bytes, 0) + COALESCE(answer.bytes, 0)
      FROM exchange CROSS JOIN LATERAL (
        SELECT COALESCE(reply_to, id) AS question FROM message
        WHERE chatroom_id = $2::uuid AND seq < exchange.seq
        ORDER BY seq DESC LIMIT 1
      ) newest
      JOIN message question ON question.chatroom_id = $2::uuid AND question.id = newest.question
      LEFT JOIN LATERAL (
        SELECT status FROM message
        WHERE chatroom_id = $2::uuid AND reply_to = question.id AND completed_at IS NOT NULL
        ORDER BY seq DESC LIMIT 1
      ) ended ON true
      LEFT JOIN LATERAL (
        SELECT question.seq, octet_length(question.content) AS bytes
        WHERE NOT question.superseded AND ended.status IS DISTINCT FROM 'blocked'
      ) shown ON true
      LEFT JOIN LATERAL (
        SELECT variant.seq, octet_length(variant.content) AS bytes FROM (
          SELECT seq, status, content FROM message
          WHERE chatroom_id = $2::uuid AND reply_to = question.id AND completed_at IS NOT NULL
          ORDER BY seq DESC LIMIT ${MAX_VARIANTS}
        ) variant
        WHERE shown.seq IS NOT NULL AND variant.status <> 'blocked' AND ${hasTextSql('variant.content')}
        ORDER BY variant.seq DESC LIMIT 1
      ) answer ON true
      WHERE exchange.depth < ${MAX_EXCHANGES} AND exchange.bytes < ${MAX_PAGE_BYTES}
    ), chosen AS (
      SELECT COALESCE(array_agg(message.seq ORDER BY message.seq), '{}') AS seqs
      FROM exchange CROSS JOIN LATERAL (VALUES (exchange.asked), (exchange.answered)) message (seq)
      WHERE message.seq IS NOT NULL
    ), held AS (
      SELECT count(*)::int AS shares FROM (SELECT FROM share WHERE chatroom_id = $2::uuid LIMIT ${MAX_SHARES}) counted
    ), stored AS (
      INSERT INTO share (id, token, chatroom_id, user_id, title, seqs, created_at)
      SELECT $3::uuid, $4::text, room.id, $1::uuid, room.title, chosen.seqs, $5::timestamptz
      FROM room, chosen, held WHERE held.shares < ${MAX_SHARES} AND chosen.seqs <> '{}'
      RETURNING id
    )
    SELECT held.shares AS held, EXISTS (SELECT FROM stored) AS stored FROM room, held`,
);

const REVOKE = prepared<{ id: string }>(
  'share_revoke',
  'DELETE FROM share WHERE token = $3::text AND chatroom_id = $2::uuid AND user_id = $1::uuid RETURNING id',
);

/** The messages of a share, the title with the first of them. None while its owner is blocked. */
const READ = prepared<SharedMessageRow & { title: string | null }>(
  'share_read',
  `
    SELECT CASE WHEN message.seq = share.seqs[1] THEN share.title END AS title,
      message.role, message.content, message.created_at AS "createdAt"
    FROM share
    JOIN "user" owner ON owner.id = share.user_id AND owner.blocked_at IS NULL
    JOIN message ON message.chatroom_id = share.chatroom_id AND message.seq = ANY (share.seqs)
    WHERE share.token = $1::text
    ORDER BY message.seq`,
  { types: ISO_TIMES },
);

/**
 * Shares in PostgreSQL. Rows of messages are never written again once they are finished, and go with their room alone; so their positions are
 * all that a share needs to be the same for ever. Reading asks the primary each time: what was revoked shows nothing any more at once, everywhere.
 */
@Injectable()
export class ShareStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Shares the room as it is now.
   *
   * @returns null when the user has no such room; without a share when the room has as many as it may have (`held`), or nothing to show
   */
  async create(userId: string, chatroomId: string): Promise<{ held: number; share: ShareRow | null } | null> {
    const share = { id: uuidv7(), token: newShareToken(), createdAt: this.clock.now() };
    const values = [userId, chatroomId, share.id, share.token, share.createdAt.toISOString()];
    const { prisma } = this.database;
    const [, [created]] = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_ROOM.text, userId, chatroomId),
      prisma.$queryRawUnsafe<Creation[]>(CREATE.text, ...values),
    ]);
    return created === undefined ? null : { held: created.held, share: created.stored ? share : null };
  }

  /** The room's shares before one of them, newest first; null when the user has no such room. */
  async list(
    userId: string,
    chatroomId: string,
    { before, take }: { before: string | undefined; take: number },
  ): Promise<ShareRow[] | null> {
    const shares = {
      where: before === undefined ? {} : { id: { lt: before } },
      orderBy: { id: 'desc' }, // Ids grow with time.
      take,
      select: { id: true, token: true, createdAt: true },
    } as const;
    const where = { id: chatroomId, userId };
    const room = await this.database.prisma.chatroom.findUnique({ where, select: { shares } });
    return room?.shares ?? null;
  }

  /** Ends a share. @returns its id; null when there is none of this token in this room of the user */
  async revoke(userId: string, chatroomId: string, token: string): Promise<string | null> {
    const [revoked] = await this.database.run(REVOKE, [userId, chatroomId, token]);
    return revoked?.id ?? null;
  }

  /** As {@link revoke}, by its id. @returns whether it was there */
  async revokeById(userId: string, id: string): Promise<boolean> {
    return (await this.database.prisma.share.deleteMany({ where: { id, userId } })).count > 0;
  }

  /** What a link shows; null when it shows nothing (any more). */
  async read(token: string): Promise<{ title: string | null; messages: SharedMessageRow[] } | null> {
    const rows = await this.database.run(READ, [token]);
    const [first] = rows;
    if (first === undefined) return null;
    return {
      title: first.title,
      messages: rows.map(({ role, content, createdAt }) => ({ role, content, createdAt })),
    };
  }

  /** All shares of a user, oldest first, read while they are taken. */
  all(userId: string): AsyncIterable<ExportedShare> {
    const read = (after: string | null) =>
      this.database.prisma.share.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after } }) },
        orderBy: { id: 'asc' },
        take: EXPORTED_AT_ONCE,
        omit: { userId: true },
      });
    return inBatches(read, ({ id }) => id);
  }
}
