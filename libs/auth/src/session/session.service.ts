import { AuditTrail, Clock, uuidv7 } from '@app/platform';
import { Injectable, Logger } from '@nestjs/common';
import { AuthMetrics } from '../auth.metrics.js';
import type { Client } from '../client/client.js';
import { AccessTokenConfig } from '../token/access-token.config.js';
import { AccessTokenService } from '../token/access-token.service.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { RefreshToken } from './refresh-token.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionConfig } from './session.config.js';
import { RefreshTokenReusedError } from './session.errors.js';
import { type LiveSession, SessionStore } from './session.store.js';

/** What a client gets to prove who it is; lifetimes in seconds. */
export interface SessionTokens {
  userId: string;
  sessionId: string;
  accessToken: string;
  expiresIn: number;
  refreshToken: string;
  refreshExpiresIn: number;
}

/** Opens sessions and keeps them alive by rotating their refresh tokens (RFC 9700, section 4.14.2). */
@Injectable()
export class SessionService {
  private readonly logger = new Logger(SessionService.name);

  constructor(
    private readonly store: SessionStore,
    private readonly revocations: SessionRevocationService,
    private readonly tokens: AccessTokenService,
    private readonly clock: Clock,
    private readonly metrics: AuthMetrics,
    private readonly config: SessionConfig,
    private readonly accessConfig: AccessTokenConfig,
    private readonly audit: AuditTrail,
  ) {}

  /** Logs a user in on one more device; null when the account no longer exists, or is blocked. */
  async open(userId: string, client: Client): Promise<SessionTokens | null> {
    const now = this.clock.now();
    const absoluteExpiresAt = after(now, this.config.SESSION_ABSOLUTE_SECONDS);
    const expiresAt = earlier(this.idleLimit(now), absoluteExpiresAt);
    const session = { id: uuidv7(), userId, expiresAt, absoluteExpiresAt };
    const token = RefreshToken.first();
    const inserted = await this.store.insert(session, token, client, now);
    return inserted ? this.issue(session, { token, rotated: false }, now) : null;
  }

  /**
   * Exchanges a refresh token for its successor and a fresh access token. The direct parent of the newest token is
   * exchanged for that same newest token during a short grace period, until a token of that rotation is used: the answer may have been lost, or a
   * client may have sent several refreshes at once.
   *
   * @throws UnauthenticatedError when it is no token of a living session
   * @throws RefreshTokenReusedError when it is an older one; the session is ended for good
   */
  async refresh(text: string, client: Client): Promise<SessionTokens> {
    const now = this.clock.now();
    const token = RefreshToken.parse(text);
    if (token === null) throw new UnauthenticatedError();
    const salt = RefreshToken.newSalt();
    const rotated = await this.store.rotate(token, salt, { now, expiresAt: this.idleLimit(now) }, client);
    if (rotated !== null) return this.issue(rotated, { token: token.successor(salt), rotated: true }, now);
    const repeated = await this.repeat(token, now);
    if (repeated !== null) return repeated;
    const session = await this.store.findByFamily(token, now);
    if (session === null) throw new UnauthenticatedError();
    const { id: sessionId, userId } = session;
    await this.revocations.revoke(sessionId, userId);
    await this.audit.write({ action: 'refresh_reused', userId, sessionId });
    this.metrics.refreshTokenReused();
    this.logger.warn('A refresh token was used twice: its session was ended');
    throw new RefreshTokenReusedError();
  }

  /** The newest tokens once more for their direct parent, within the grace; null otherwise. */
  private async repeat(token: RefreshToken, now: Date): Promise<SessionTokens | null> {
    const since = after(now, -this.config.REFRESH_GRACE_SECONDS);
    const session = await this.store.repeatRotation(token, { now, since });
    if (session === null) return null;
    this.metrics.refreshRepeated();
    this.audit.record({ action: 'refresh_repeated', userId: session.userId, sessionId: session.id });
    this.logger.warn(
      'A refresh was repeated before its answer was used: the client has lost it, or someone else has the token',
    );
    return this.issue(session, { token: token.successor(session.rotationSalt), rotated: true }, now);
  }

  private async issue(
    session: LiveSession,
    { token, rotated }: { token: RefreshToken; rotated: boolean },
    now: Date,
  ): Promise<SessionTokens> {
    const { id: sessionId, userId, expiresAt, absoluteExpiresAt } = session;
    const expiresIn = Math.min(this.accessConfig.ACCESS_TOKEN_SECONDS, secondsUntil(absoluteExpiresAt, now));
    const accessToken = await this.tokens.sign({ userId, sessionId }, expiresIn, rotated ? token.rotationId : null);
    const refreshExpiresIn = secondsUntil(expiresAt, now);
    return { userId, sessionId, accessToken, expiresIn, refreshToken: token.toString(), refreshExpiresIn };
  }

  private idleLimit(now: Date): Date {
    return after(now, this.config.SESSION_IDLE_SECONDS);
  }
}

const after = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1000);
const earlier = (a: Date, b: Date): Date => (a < b ? a : b);
const secondsUntil = (instant: Date, now: Date): number =>
  Math.max(0, Math.floor((instant.getTime() - now.getTime()) / 1000));
