import { Clock, Database, decodeCursor, type PageQuery, readPage } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { IsUUID } from 'class-validator';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import type { SessionPageResponse } from './session.response.js';

/** Behind the last session of a page. */
class SessionCursor {
  @IsUUID()
  id!: string;
}

const VISIBLE = {
  id: true,
  createdAt: true,
  lastUsedAt: true,
  userAgent: true,
  ip: true,
  refreshRepeatedAt: true,
} as const;

/** Shows users where they are logged in. */
@Injectable()
export class SessionListService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The user's living sessions, the newest first. */
  async page({ userId, sessionId }: AuthenticatedUser, { limit, cursor }: PageQuery): Promise<SessionPageResponse> {
    const after = decodeCursor(SessionCursor, cursor);
    const position = after === undefined ? {} : { id: { lt: after.id } };
    const read = (take: number) =>
      this.database.prisma.session.findMany({
        where: { userId, expiresAt: { gt: this.clock.now() }, ...position },
        orderBy: { id: 'desc' }, // Ids grow with time.
        take,
        select: VISIBLE,
      });
    const { items, nextCursor } = await readPage(limit, read, ({ id }) => ({ id }));
    return { items: items.map((session) => ({ ...session, current: session.id === sessionId })), nextCursor };
  }
}
