/** Empty databases for looking at migrations: on DATABASE_URL's server if it is set, else on a PostgreSQL of their own. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';

/**
 * @template T
 * @param {(url: string, scratchUrl: string) => Promise<T>} work gets two empty databases, which are dropped after it
 * @returns {Promise<T>}
 */
export async function withScratchDatabases(work) {
  const server = process.env['DATABASE_URL'];
  if (!server) throw new Error('DATABASE_URL is not set.');
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
