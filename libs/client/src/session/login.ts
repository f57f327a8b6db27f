import { type ChatError, isTransient, noSessionError, toChatError } from '../errors.js';
import type { Http } from '../requests/http.js';
import { newIdempotencyKey } from '../idempotency-key.js';
import type { components } from '../openapi.js';
import { backoffMs, pause } from '../requests/pause.js';
import type { KeptSession, StoredSession } from './session-storage.js';

type Tokens = components['schemas']['TokensResponse'];

/** An access token is renewed so long before it expires, or after nine tenths of a short life. */
const MARGIN_MS = 30_000;

/** How often a refresh is tried; repeating it gives the same tokens. */
const REFRESH_TRIES = 3;

/** Has an access token for each request, one refresh at a time. */
export class Login {
  private refreshing: Promise<StoredSession> | null = null;

  constructor(
    readonly kept: KeptSession,
    private readonly http: Http,
  ) {}

  /** Keeps the tokens of a new login. */
  async begin(tokens: Tokens): Promise<void> {
    await this.kept.write(storedOf(newIdempotencyKey(), tokens));
  }

  /** Forgets the session. */
  end(): Promise<void> {
    return this.kept.write(null);
  }

  /**
   * An access token that is not about to expire.
   *
   * @throws ChatError `unauthenticated` when no one is logged in, or the session is over; another when it can't be told just now
   */
  async accessToken(): Promise<string> {
    const session = await this.kept.read();
    if (session === null) throw noSessionError();
    const leftMs = session.expiresAt - Date.now();
    if (leftMs > Math.min(MARGIN_MS, session.lifetimeMs / 10)) return session.accessToken;
    try {
      return await this.renewed(session.accessToken);
    } catch (error) {
      // It is still good: the refresh has time.
      if (leftMs > 0 && !isTheEnd(toChatError(error))) return session.accessToken;
      throw error;
    }
  }

  /**
   * A newer access token than one that the API has refused, or that is about to expire.
   *
   * @throws ChatError as `accessToken`
   */
  async renewed(stale: string): Promise<string> {
    this.refreshing ??= this.kept
      .exclusively(() => this.refresh(stale))
      .finally(() => {
        this.refreshing = null;
      });
    return (await this.refreshing).accessToken;
  }

  /** Reads before each try, since another tab may have been first: its tokens end the time in which a refresh may be repeated. */
  private async refresh(stale: string): Promise<StoredSession> {
    for (let tries = 1; ; tries++) {
      const session = await this.kept.read();
      if (session === null) throw noSessionError();
      if (session.accessToken !== stale) return session;
      try {
        return await this.replaced(session, storedOf(session.login, await this.exchanged(session.refreshToken)));
      } catch (error) {
        const failure = toChatError(error);
        if (isTheEnd(failure)) {
          const now = await this.replaced(session, null);
          if (now !== null) return now;
        }
        if (tries === REFRESH_TRIES || !isTransient(failure)) throw failure;
      }
      await pause(backoffMs(tries - 1, 200, 2_000));
    }
  }

  /**
   * Unless someone has logged in or out meanwhile. Tokens that another tab has got meanwhile stay: an answer that comes late has older ones.
   *
   * @returns what is kept now
   */
  private async replaced<Next extends StoredSession | null>(
    before: StoredSession,
    next: Next,
  ): Promise<Next | StoredSession> {
    const now = await this.kept.read();
    if (now?.login !== before.login) throw noSessionError();
    if (now.refreshToken !== before.refreshToken) return now;
    await this.kept.write(next);
    return next;
  }

  private exchanged(refreshToken: string): Promise<Tokens> {
    return this.http.json<Tokens>({ method: 'POST', path: '/auth/refresh', body: { refreshToken } });
  }
}

/** Whether the API has ended the session. A proxy may answer 401 as well, which says nothing of it. */
const isTheEnd = ({ code }: ChatError): boolean => code === 'unauthenticated' || code === 'refresh_token_reused';

const storedOf = (login: string, { accessToken, refreshToken, expiresIn, user }: Tokens): StoredSession => ({
  login,
  accessToken,
  refreshToken,
  expiresAt: Date.now() + expiresIn * 1000,
  lifetimeMs: expiresIn * 1000,
  user,
});
