import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { providePgBouncer, startPgBouncer } from '../../../scripts/services/pgbouncer.mjs';
import { freePort } from '../../../scripts/services/ports.mjs';
import { Processes } from '../../../scripts/services/processes.mjs';

/** A PgBouncer in transaction mode before the server of `DATABASE_URL`. Stop it after the tests. */
export interface Pooler {
  /** The connection string that leads through it to a database of that server. */
  url: (databaseUrl: string) => string;
  stop: () => Promise<void>;
}

/** A kind of pooler, and what the product has to be told of it. */
export interface PoolerKind {
  name: string;
  /** The product's `DATABASE_PREPARED_STATEMENTS`. */
  preparedStatements: 'on' | 'off';
  start: (settings?: Record<string, string | number>) => Promise<Pooler>;
}

const KINDS = [
  { release: 'bookworm', name: 'PgBouncer 1.18', preparedStatements: 'off', settings: {} },
  { release: 'trixie', name: 'PgBouncer 1.24', preparedStatements: 'on', settings: { max_prepared_statements: 100 } },
  {
    release: 'trixie',
    name: 'PgBouncer 1.24 without prepared statements',
    preparedStatements: 'off',
    settings: { max_prepared_statements: 0 },
  },
] as const;

/**
 * The kinds that this machine can run. On build servers (`CI=true`) it has to run them all; elsewhere what is missing is
 * said, and its tests are skipped.
 */
export async function availablePoolers(): Promise<PoolerKind[]> {
  const kinds: PoolerKind[] = [];
  for (const { release, settings: ofKind, ...kind } of KINDS) {
    try {
      const program = await providePgBouncer(release);
      kinds.push({ ...kind, start: (settings = {}) => start(program, { ...ofKind, ...settings }) });
    } catch (error) {
      if (process.env['CI'] === 'true') throw error;
      process.stderr.write(`No tests with ${kind.name}: ${(error as Error).message}\n`);
    }
  }
  return kinds;
}

async function start(program: string[], settings: Record<string, string | number>): Promise<Pooler> {
  const server = process.env['DATABASE_URL'] ?? '';
  const processes = new Processes();
  const folder = await mkdtemp(join(tmpdir(), 'chat-pooler-'));
  processes.removeAtEnd(folder);
  try {
    const { url } = await startPgBouncer(processes, { program, folder, port: await freePort(), server, settings });
    return { url, stop: () => processes.stop() };
  } catch (error) {
    await processes.stop();
    throw error;
  }
}
