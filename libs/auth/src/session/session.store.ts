import { type BoundStatement, Database, prepared } from '@app/platform';
import { Injectable } from '@nestjs/common';
import type { Client } from '../client/client.js';
import type { RefreshToken } from './refresh-token.js';

/** A living session, as far as tokens depend on it. */
export interface LiveSession {
  id: string;
  userId: string;
  expiresAt: Date;
  absoluteExpiresAt: Date;
}

/** A session whose last rotation is being repeated. */
export interface RepeatedRotation extends LiveSession {
  /** What the newest token was derived from its parent with. */
  rotationSalt: Uint8Array;
}

const LIVE = { id: true, userId: true, expiresAt: true, absoluteExpiresAt: true } as const;

// The user's row is locked, so that no session is written for a user who is being erased or blocked.
const INSERT = prepared<{ id: string }>(
  'session_insert',
  `
    INSERT INTO session (id, user_id, family_hash, refresh_hash, rotated_at, created_at, last_used_at,
                         expires_at, absolute_expires_at, user_agent, ip)
    SELECT $1, id, $3, $4, $5, $5, $5, $6, $7, $8, $9 FROM "user" WHERE id = $2 AND blocked_at IS NULL FOR KEY SHARE
    RETURNING id`,
);

// Two refreshes at once queue up at the row's lock; the second finds another refresh_hash and updates nothing.
const ROTATE = prepared<LiveSession>(
  'session_rotate',
  `
    UPDATE session
    SET parent_hash = refresh_hash, refresh_hash = $3, rotation_salt = $4, rotated_at = $5, last_used_at = $5,
        expires_at = LEAST(absolute_expires_at, $6), user_agent = $7, ip = $8
    WHERE family_hash = $1 AND refresh_hash = $2 AND expires_at > $5
    RETURNING id, user_id AS "userId", expires_at AS "expiresAt", absolute_expires_at AS "absoluteExpiresAt"`,
);

const END = prepared<{ id: string }>(
  'session_end',
  `
    WITH ended AS (DELETE FROM session WHERE id = $1 AND user_id = $2 RETURNING id)
    INSERT INTO revoked_session (id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING id`,
);

const END_OTHERS = prepared<{ id: string }>(
  'session_end_others',
  `
    WITH ended AS (DELETE FROM session WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING id)
    INSERT INTO revoked_session (id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING id`,
);

// By the database's clock, which also wrote revoked_at: the clocks of the replicas may differ.
const RECENTLY_REVOKED = prepared<{ id: string }>(
  'session_recently_revoked',
  `SELECT id FROM revoked_session WHERE revoked_at > now() - make_interval(secs => $1) ORDER BY revoked_at LIMIT $2`,
);

const END_SOME = prepared<{ id: string }>(
  'session_end_some',
  `
    WITH ended AS (DELETE FROM session WHERE id = ANY (ARRAY(
           SELECT id FROM session WHERE id > '00000000-0000-0000-0000-000000000000' ORDER BY id LIMIT $1 FOR UPDATE
         )) RETURNING session.id)
    INSERT INTO revoked_session (id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING id`,
);

/** A login at the same time waits, and then finds no user: its session would have no tombstone. */
const LOCK_USER = prepared<{ id: string }>('session_lock_user', 'SELECT id FROM "user" WHERE id = $1::uuid FOR UPDATE');

const BLOCK_USER = prepared<{ id: string }>(
  'session_block_user',
  `
    WITH ended AS (DELETE FROM session WHERE user_id = $1::uuid RETURNING id),
         blocked AS (UPDATE "user" SET blocked_at = COALESCE(blocked_at, $2::timestamptz) WHERE id = $1::uuid)
    INSERT INTO revoked_session (id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING id::text`,
);

const ERASE_USER = prepared<{ id: string }>(
  'session_erase_user',
  `
    WITH ended AS (DELETE FROM session WHERE user_id = $1::uuid RETURNING id),
         erased AS (DELETE FROM "user" WHERE id = $1::uuid)
    INSERT INTO revoked_session (id) SELECT id FROM ended ON CONFLICT DO NOTHING RETURNING id::text`,
);

/** The sessions in PostgreSQL. */
@Injectable()
export class SessionStore {
  constructor(private readonly database: Database) {}

  /** Writes a new session; false when its user no longer exists, or is blocked. */
  async insert(session: LiveSession, token: RefreshToken, client: Client, now: Date): Promise<boolean> {
    const { id, userId, expiresAt, absoluteExpiresAt } = session;
    const values = [
      id,
      userId,
      token.familyHash,
      token.hash,
      now,
      expiresAt,
      absoluteExpiresAt,
      client.userAgent,
      client.ip,
    ];
    return (await this.database.run(INSERT, values)).length > 0;
  }

  /** Replaces the newest token of a session by its successor; null when it isn't the newest of a living one. */
  async rotate(
    token: RefreshToken,
    salt: Uint8Array,
    { now, expiresAt }: { now: Date; expiresAt: Date },
    client: Client,
  ): Promise<LiveSession | null> {
    const { familyHash, hash } = token;
    const values = [familyHash, hash, token.successor(salt).hash, salt, now, expiresAt, client.userAgent, client.ip];
    const [session] = await this.database.run(ROTATE, values);
    return session ?? null;
  }

  /**
   * Notes that a rotation is repeated, if the token is the newest one's direct parent and the rotation may still be repeated; null otherwise. One
   * statement, so that it comes either before {@link endGrace} or finds nothing.
   *
   * @param since the earliest rotation that may be repeated
   */
  async repeatRotation(
    { familyHash, hash }: RefreshToken,
    { now, since }: { now: Date; since: Date },
  ): Promise<RepeatedRotation | null> {
    const [session] = await this.database.prisma.session.updateManyAndReturn({
      where: { familyHash, parentHash: hash, rotatedAt: { gte: since }, expiresAt: { gt: now } },
      data: { refreshRepeatedAt: now },
      select: { ...LIVE, rotationSalt: true },
    });
    if (session === undefined || session.rotationSalt === null) return null;
    return { ...session, rotationSalt: session.rotationSalt };
  }

  /** Stores that the tokens of this rotation have been used, if it is the session's last one: it can't be repeated any more. */
  async endGrace(sessionId: string, rotationId: string): Promise<void> {
    await this.database.prisma.session.updateMany({
      where: { id: sessionId, refreshHash: Buffer.from(rotationId, 'base64url'), parentHash: { not: null } },
      data: { parentHash: null, rotationSalt: null },
    });
  }

  /** The living session that a refresh token belongs or belonged to. */
  findByFamily({ familyHash }: RefreshToken, now: Date): Promise<LiveSession | null> {
    return this.database.prisma.session.findFirst({ where: { familyHash, expiresAt: { gt: now } }, select: LIVE });
  }

  /** Whether the session has not been ended. */
  async exists(sessionId: string): Promise<boolean> {
    const session = await this.database.prisma.session.findUnique({ where: { id: sessionId }, select: { id: true } });
    return session !== null;
  }

  /** Ends a session of this user for good; false when there is none. */
  async end(sessionId: string, userId: string): Promise<boolean> {
    return (await this.database.run(END, [sessionId, userId])).length > 0;
  }

  /** Ends so many sessions, whosever they are, for good. @returns how many there were */
  async endSome(limit: number): Promise<number> {
    return (await this.database.run(END_SOME, [limit])).length;
  }

  /**
   * Ends all sessions of this user but one, for good.
   *
   * @param keptId null: none is kept
   * @returns the ids of those that were ended
   */
  async endOthers(userId: string, keptId: string | null): Promise<string[]> {
    return (await this.database.run(END_OTHERS, [userId, keptId])).map(({ id }) => id);
  }

  /**
   * Deletes a user with everything that references it in PostgreSQL, in one transaction with the sessions.
   *
   * @param before what else the transaction does, once the user's row is locked
   * @returns the ids of the sessions that were ended
   */
  eraseUser(userId: string, before: BoundStatement[] = []): Promise<string[]> {
    return this.endWithUser(userId, { statement: ERASE_USER, values: [userId] }, before);
  }

  /**
   * Keeps a user from opening sessions and ends all that there are, in one transaction.
   *
   * @param before what else the transaction does, once the user's row is locked
   * @returns the ids of the sessions that were ended
   */
  blockUser(userId: string, now: Date, before: BoundStatement[] = []): Promise<string[]> {
    return this.endWithUser(userId, { statement: BLOCK_USER, values: [userId, now] }, before);
  }

  /** Runs a statement that ends all sessions of a user whose row is locked. @returns the ids of the sessions */
  private async endWithUser(userId: string, end: BoundStatement, before: BoundStatement[]): Promise<string[]> {
    const { prisma } = this.database;
    const results = await prisma.$transaction([
      prisma.$queryRawUnsafe(LOCK_USER.text, userId),
      ...[...before, end].map(({ statement, values }) => prisma.$queryRawUnsafe(statement.text, ...values)),
    ]);
    return (results.at(-1) as { id: string }[]).map(({ id }) => id);
  }

  /** The ids of at most `limit` sessions that were ended within the last `seconds`, oldest first. */
  async recentlyRevoked(seconds: number, limit: number): Promise<string[]> {
    return (await this.database.run(RECENTLY_REVOKED, [seconds, limit])).map(({ id }) => id);
  }
}
