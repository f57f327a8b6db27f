/** Empty databases for comparing migrations: on DATABASE_URL's server if it is set, else on a PostgreSQL of their own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../scripts/services/ports.mjs';
import { NO_FSYNC, startPostgres } from '../scripts/services/postgres.mjs';
import { Processes } from '../scripts/services/processes.mjs';

/**
 * @template T
 * @param {(url: string, scratchUrl: string) => Promise<T>} work gets two empty databases, which are dropped after it
 * @returns {Promise<T>}
 */
export async function withScratchDatabases(work) {
  const server = process.env['DATABASE_URL'];
  return server ? onServer(server, work) : onServerOfTheirOwn(work);
}

/**
 * @template T
 * @param {(url: string, scratchUrl: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function onServerOfTheirOwn(work) {
  const processes = new Processes();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'chat-scratch-'));
    processes.removeAtEnd(folder);
    const options = { folder, port: await freePort(), password: randomUUID(), settings: NO_FSYNC };
    const { url } = await startPostgres(processes, options);
    return await onServer(url('postgres'), work);
  } finally {
    await processes.stop();
  }
}

/**
 * @template T
 * @param {string} server
 * @param {(url: string, scratchUrl: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function onServer(server, work) {
  const names = [0, 1].map(() => `scratch_${randomUUID()}`);
  const [url = '', scratchUrl = ''] = names.map(
    (name) => Object.assign(new URL(server), { pathname: `/${name}` }).href,
  );
  const client = new pg.Client({ connectionString: server, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    for (const name of names) await client.query(`CREATE DATABASE "${name}"`);
    return await work(url, scratchUrl);
  } finally {
    for (const name of names) await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    await client.end();
  }
}
