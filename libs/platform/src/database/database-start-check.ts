import pg, { type ClientBase } from 'pg';
import type { StartCheck } from '../process/start-checks.js';
import type { DatabaseConfig } from './database.config.js';
import { connectionString } from './pool.js';

/** How long a connection and each statement of a check may take. Without an answer by then PostgreSQL is out of reach. */
const TIMEOUT_MS = 3_000;

/**
 * Looks at a database that can be reached, at the start of the process.
 * @returns what is wrong, as of a {@link StartCheck}; null when nothing is
 */
export type DatabaseInspection = (client: ClientBase) => Promise<string | null>;

/** What is wrong, by PostgreSQL's code or the driver's. Everything else may pass by itself. */
const CAUSES_BY_CODE: Record<string, string> = {
  '28P01': 'PostgreSQL refuses the login; check user and password of DATABASE_URL (or PGPASSWORD)',
  '28000': 'PostgreSQL refuses this user here; check the user of DATABASE_URL, and sslmode in it',
  '3D000': 'PostgreSQL has no such database; check the name at the end of DATABASE_URL',
  '42501': 'PostgreSQL denies the user of DATABASE_URL a right; npm run db:roles grants them',
  ERR_TLS_CERT_ALTNAME_INVALID: "PostgreSQL's certificate is made out to another name; check the host of DATABASE_URL",
};

/** What is wrong where the driver says it in words only. */
const CAUSES_BY_MESSAGE: [RegExp, string][] = [
  [/does not support SSL/, 'PostgreSQL speaks no TLS there; check sslmode in DATABASE_URL'],
  [/certificate|unable to get .*issuer/i, "PostgreSQL's certificate is not trusted; check sslrootcert in DATABASE_URL"],
  [/password must be a (?:non-empty )?string/, 'PostgreSQL wants a password; put it into DATABASE_URL or PGPASSWORD'],
];

/**
 * Whether PostgreSQL takes the login and the kind of connection.
 * @param inspections what else to look at, one after the other, on the same connection, until one finds something
 */
export function databaseStartCheck(config: DatabaseConfig, inspections: DatabaseInspection[] = []): StartCheck {
  return async () => {
    const client = new pg.Client({
      connectionString: connectionString(config),
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    // A connection that breaks between two statements is told to the next one.
    client.on('error', () => undefined);
    try {
      await client.connect();
      for (const inspect of inspections) {
        const problem = await inspect(client);
        if (problem !== null) return problem;
      }
      return null;
    } catch (error) {
      return causeOf(error);
    } finally {
      client.end().catch(() => undefined);
    }
  };
}

/** @returns null when it may pass by itself */
function causeOf(error: unknown): string | null {
  const { code = '', message } = error as Error & { code?: string };
  const cause = CAUSES_BY_CODE[code] ?? CAUSES_BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1];
  return cause === undefined ? null : `${cause}: ${message}`;
}
