/** Codes of node sockets, PostgreSQL and Prisma that mean "out of reach" rather than "refused this statement". */
const OUTAGE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '08000', // connection_exception and its kin
  '08003',
  '08006',
  '25006', // read_only_sql_transaction: a primary that was demoted
  '53300', // too_many_connections
  '40P01', // deadlock_detected
  '57014', // query_canceled: it took too long
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  'P1001', // Prisma: cannot reach
  'P1002', // Prisma: timed out
  'P1008', // Prisma: operation timed out
  'P1017', // Prisma: connection closed
  'P2024', // Prisma: no connection from the pool in time
]);

/** pg, pg-pool and ioredis say these in words only. */
const OUTAGE_MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout|Stream isn't writeable|Connection is closed|Command timed out|max retries per request|Cluster isn't ready|Cluster is ended|startup nodes is available|too many Cluster redirections|refresh slots cache/i;

/** How Redis begins an answer that says: not now. */
const REDIS_OUTAGES = /^(?:LOADING|READONLY|OOM|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/;

/** Where Prisma puts the code of the database's own error. */
interface PrismaMeta {
  driverAdapterError?: { cause?: { originalCode?: string } };
}

/** Whether PostgreSQL or Redis, directly or through Prisma, is out of reach: worth another try soon. */
export function isOutage(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const { code, message, errors, meta } = current as Error & { code?: string; errors?: unknown; meta?: PrismaMeta };
    const codes = [code, meta?.driverAdapterError?.cause?.originalCode];
    if (codes.some((each) => each !== undefined && OUTAGE_CODES.has(each))) return true;
    if (OUTAGE_MESSAGES.test(message) || REDIS_OUTAGES.test(message)) return true;
    // Connecting to a name with several addresses fails with one error for each.
    if (Array.isArray(errors) && errors.some((each) => isOutage(each))) return true;
    current = current.cause;
  }
  return false;
}
