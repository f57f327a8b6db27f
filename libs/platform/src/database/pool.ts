import type { ClientBase } from 'pg';
import { processName } from '../process/process-name.js';
import type { DatabaseConfig } from './database.config.js';
import { WatchedPool } from './watched-pool.js';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Set once per connection, by a query and not by parameters of the start-up, which poolers refuse. All connections of the
 * product have the same settings, so a pooler that lends one server connection to several of them changes nothing.
 */
const SESSION = [
  // Prisma's adapter writes and reads times without their zone, so that of the session has to be UTC.
  `SET TIME ZONE 'UTC'`,
  // Both sides bound a statement: the server cancels it, and the driver gives up on a server that went silent.
  'SET statement_timeout = 10000',
  'SET idle_in_transaction_session_timeout = 15000',
].join('; ');

/** The URL, completed with the password: the driver would read `PGPASSWORD` of the environment alone, and not of a file. */
export function connectionString({ DATABASE_URL, PGPASSWORD }: DatabaseConfig): string {
  if (PGPASSWORD === undefined || !URL.canParse(DATABASE_URL)) return DATABASE_URL;
  const url = new URL(DATABASE_URL);
  // As a parameter, since a URL without a host, which names a socket's folder, takes no password in front of it.
  if (url.password === '' && !url.searchParams.has('password')) url.searchParams.set('password', PGPASSWORD);
  return url.href;
}

/** Prepares a new connection. The pool waits for it before it lends the connection. */
async function configure(client: ClientBase): Promise<void> {
  // The driver's type of a query lacks the bound of a single one.
  const query: { text: string; query_timeout: number } = { text: SESSION, query_timeout: CONNECT_TIMEOUT_MS };
  await client.query(query);
}

/**
 * Opens a pool of connections, which are made when they are needed. Everything in it works behind PgBouncer in transaction
 * mode: nothing may rely on the session besides its settings above. A pool that wants other timeouts sets them with
 * `SET LOCAL`, in its transactions; in the session they would reach everybody behind a pooler.
 *
 * @param size connections at once
 * @param onIdleError told of each idle connection that breaks; the pool replaces it
 */
export function openPool(config: DatabaseConfig, size: number, onIdleError: (error: Error) => void): WatchedPool {
  const pool = new WatchedPool({
    connectionString: connectionString(config),
    // One of the few start-up parameters that poolers take. `PGAPPNAME`, or `?application_name=` of the URL, takes its place.
    fallback_application_name: processName(),
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    query_timeout: 15_000,
    keepAlive: true,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- The pool waits for it; its type doesn't say so.
    onConnect: configure,
  });
  // Without a listener a broken connection would end the process.
  pool.on('error', onIdleError);
  // So would one that breaks while it is lent: its query fails, and the connection says so by an event besides.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
