import { type ExpiringRows, expiringRows } from '@app/platform';

const HOUR_MS = 3_600_000;

/** The rows of accounts and sessions that expire. Challenges and counters are in Redis, which expires them by itself. */
export const AUTH_RETENTION: readonly ExpiringRows[] = [
  expiringRows({ what: 'sessions', table: 'session', column: 'expires_at', keep: { ms: 0 } }),
  expiringRows({
    what: 'revocations',
    table: 'revoked_session',
    column: 'revoked_at',
    // Longer than any access token lives.
    keep: { ms: 2 * HOUR_MS },
  }),
  expiringRows({
    what: 'unverified accounts',
    table: 'user',
    column: 'created_at',
    keep: { setting: 'UNVERIFIED_ACCOUNT_DAYS' },
    only: 'verified_at IS NULL',
  }),
];
