import { Database } from '@app/platform';
import { Injectable } from '@nestjs/common';

/** An account without what its owner has written: no name, no text. */
export interface UserOverview {
  id: string;
  /** E.164. */
  phone: string;
  createdAt: Date;
  /** Null: no one has proved to own the number. */
  verifiedAt: Date | null;
  /** Null: not blocked. */
  blockedAt: Date | null;
}

/** A session, without what its tokens are known by. */
interface SessionOverview {
  id: string;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
}

const SELECT = { id: true, phone: true, createdAt: true, verifiedAt: true, blockedAt: true } as const;

/** More sessions than that are counted, not listed. */
const SESSIONS = 20;

/** Finds users for operators. */
@Injectable()
export class UserOverviewStore {
  constructor(private readonly database: Database) {}

  findById(id: string): Promise<UserOverview | null> {
    return this.database.prisma.user.findUnique({ where: { id }, select: SELECT });
  }

  /** @param phone E.164 */
  findByPhone(phone: string): Promise<UserOverview | null> {
    return this.database.prisma.user.findUnique({ where: { phone }, select: SELECT });
  }

  /** The user's sessions that are alive, the one that was used last first. */
  sessions(userId: string): Promise<SessionOverview[]> {
    return this.database.prisma.session.findMany({
      where: { userId, expiresAt: { gt: new Date() } },
      orderBy: { lastUsedAt: 'desc' },
      take: SESSIONS,
      select: { id: true, createdAt: true, lastUsedAt: true, expiresAt: true },
    });
  }

  rooms(userId: string): Promise<number> {
    return this.database.prisma.chatroom.count({ where: { userId } });
  }
}
