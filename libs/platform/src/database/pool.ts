import { type ClientBase, Pool } from 'pg';
import type { DatabaseConfig } from './database.config.js';

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
export function openPool(config: DatabaseConfig, size: number, onIdleError: (error: Error) => void): Pool {
  const pool = new Pool({
    connectionString: config.DATABASE_URL,
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
  return pool;
}
