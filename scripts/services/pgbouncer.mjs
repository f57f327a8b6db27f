/** A PgBouncer in transaction mode, in front of a PostgreSQL. */
import { chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';
import { unprivileged } from './postgres-programs.mjs';
import { untilConnected } from './postgres.mjs';

/** @import {ManagedProcess, Processes} from './processes.mjs' */

/**
 * The releases of Debian whose PgBouncer is tried: 1.18, which knows no prepared statements, and 1.24, which does.
 *
 * @typedef {'bookworm' | 'trixie'} PgBouncerRelease
 */

/**
 * @param {PgBouncerRelease} release
 * @returns {Promise<string[]>} what a command line has to begin with
 * @throws {Error} saying why there is none
 */
export async function providePgBouncer(release) {
  return debianProgram(await provideDebianPackage('pgbouncer', release), 'usr/sbin/pgbouncer');
}

/**
 * @typedef {object} PgBouncerOptions
 * @property {string[]} program from {@link providePgBouncer}
 * @property {string} folder for its settings
 * @property {number} port on 127.0.0.1
 * @property {string} server a connection string of the PostgreSQL behind it; each of that server's databases can be reached
 * @property {Record<string, string | number>} [settings] of its own, which override ours
 * @property {(line: string) => void} [onLine] gets its log
 */

/** @typedef {{process: ManagedProcess, url: (databaseUrl: string) => string}} PgBouncer */

/**
 * Starts PgBouncer and waits until it takes connections.
 *
 * @param {Processes} processes
 * @param {PgBouncerOptions} options
 * @returns {Promise<PgBouncer>}
 */
export async function startPgBouncer(processes, { program, folder, port, server, settings = {}, onLine }) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const as = await unprivileged(folder);
  const file = await writeSettings(folder, port, new URL(server), settings);
  const [command = '', ...args] = [...as, ...program, file];
  const child = processes.start({
    name: 'PgBouncer',
    command,
    args,
    stopSignal: 'SIGINT',
    ...(onLine ? { onLine } : {}),
  });
  const url = (/** @type {string} */ databaseUrl) => Object.assign(new URL(databaseUrl), { port: String(port) }).href;
  await untilConnected(child, url(server));
  return { process: child, url };
}

/**
 * @param {string} folder
 * @param {number} port
 * @param {URL} server
 * @param {Record<string, string | number>} settings
 * @returns {Promise<string>} the file's path
 */
async function writeSettings(folder, port, server, settings) {
  const users = join(folder, 'users.txt');
  const file = join(folder, 'pgbouncer.ini');
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: users,
    pool_mode: 'transaction',
    max_client_conn: 500,
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  await writeFile(users, `"${server.username}" "${server.password}"\n`);
  await writeFile(
    file,
    `[databases]\n* = host=${server.hostname} port=${server.port}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  const { uid, gid } = await stat(folder);
  for (const each of [users, file]) await chown(each, uid, gid);
  return file;
}
