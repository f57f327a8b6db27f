/** A PostgreSQL of one's own, from binaries that come with npm packages. */
import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import pg from 'pg';
import { providePrograms, unprivileged } from './postgres-programs.mjs';

/** @import {ManagedProcess, Processes} from './processes.mjs' */

const START_MS = 60_000;

/** Settings for data that may be lost. */
export const NO_FSYNC = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

/**
 * @typedef {object} PostgresOptions
 * @property {string} folder for its data, which is made if it isn't there
 * @property {number} port on 127.0.0.1
 * @property {string} password of the user `postgres`, set when its data is made
 * @property {Record<string, string>} [settings] of postgresql.conf
 * @property {(line: string) => void} [onLine] gets the server's log
 */

/** @typedef {{process: ManagedProcess, url: (database: string) => string}} Postgres */

/**
 * Starts PostgreSQL and waits until it takes connections.
 *
 * @param {Processes} processes
 * @param {PostgresOptions} options
 * @returns {Promise<Postgres>}
 */
export async function startPostgres(processes, { folder, port, password, settings = {}, onLine }) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const as = await unprivileged(folder);
  const { initdb, postgres } = await providePrograms(processes);
  const cluster = await provideCluster([...as, initdb], folder, password);
  const all = {
    listen_addresses: '127.0.0.1',
    // The distribution's folder for sockets may be missing or closed to us.
    unix_socket_directories: '',
    max_connections: '300',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = '', ...args] = [...as, postgres, '-D', cluster, '-p', String(port), ...flags];
  const child = processes.start({
    name: 'PostgreSQL',
    command,
    args,
    stopSignal: 'SIGINT',
    ...(onLine ? { onLine } : {}),
  });
  const url = (/** @type {string} */ database) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  await untilConnected(child, url('postgres'));
  return { process: child, url };
}

/**
 * Creates the database unless it is there.
 *
 * @param {Postgres} postgres
 * @param {string} name
 */
export async function createDatabase(postgres, name) {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/**
 * @param {string[]} initdb its command line
 * @param {string} folder
 * @param {string} password
 * @returns {Promise<string>} the cluster's folder
 */
async function provideCluster(initdb, folder, password) {
  const cluster = join(folder, 'cluster');
  if (existsSync(cluster)) return cluster;
  const { uid, gid } = await stat(folder);
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await chown(passwordFile, uid, gid);
  // Under another name until it is whole: what was cut off half-way must not be taken for a cluster.
  const draft = join(folder, 'draft');
  await rm(draft, { recursive: true, force: true });
  const [command = '', ...args] = initdb;
  const options = [
    `--pgdata=${draft}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    // PostgreSQL's own rules of sorting: the same on every machine.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    // The search's parser asks the C library what a letter is. Under plain `C` every non-ASCII sign would be one.
    `--lc-ctype=${process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8'}`,
    '--no-sync',
  ];
  const { failed, all } = await execa(command, [...args, ...options], { all: true, reject: false, stdin: 'ignore' });
  await rm(passwordFile);
  if (failed) throw new Error(`PostgreSQL's data folder can't be made:\n${all}`);
  await rename(draft, cluster);
  return cluster;
}

/**
 * Waits until a server, or what stands before it, takes connections.
 *
 * @param {ManagedProcess} child
 * @param {string} url
 * @throws {Error} with the child's last lines, when it ends or time is up
 */
export async function untilConnected(child, url) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    if (child.exit !== null) throw new Error(child.describeExit());
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    const failure = await client.connect().then(
      () => null,
      (/** @type {Error} */ error) => error,
    );
    await client.end().catch(() => undefined);
    if (failure === null) return;
    if (Date.now() > deadline) throw new Error(`${child.name} takes no connections: ${failure.message}`);
    await pause(50);
  }
}
