import { type ExpiringRows, expiringRows } from '@app/platform';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The rows of accounts and sessions that expire. Challenges and counters are in Redis, which expires them by itself. */
export const AUTH_RETENTION: readonly ExpiringRows[] = [
  expiringRows({ what: 'sessions', table: 'session', column: 'expires_at', keepMs: 0 }),
  expiringRows({
    what: 'revocations',
    table: 'revoked_session',
    column: 'revoked_at',
    // Longer than any access token lives.
    keepMs: 2 * HOUR_MS,
  }),
  expiringRows({
    what: 'unverified accounts',
    table: 'user',
    column: 'created_at',
    keepMs: DAY_MS,
    only: 'verified_at IS NULL',
  }),
];
