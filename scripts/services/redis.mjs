/** A Redis (or Valkey) of one's own. npm has no binary of it, so it comes from the machine. */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';

/** @import {ManagedProcess, Processes} from './processes.mjs' */

const INSTALL_MS = 300_000;
const SERVERS = ['redis-server', 'valkey-server'];

/** How package managers are asked for it, the first that is there. @type {[string, string[][]][]} */
const PACKAGE_MANAGERS = [
  ['apt-get', [['update'], ['install', '--yes', '--no-install-recommends', 'redis-server']]],
  ['dnf', [['install', '--assumeyes', 'valkey']]],
  ['yum', [['install', '--assumeyes', 'redis']]],
  ['zypper', [['--non-interactive', 'install', 'redis']]],
  ['pacman', [['-Sy', '--noconfirm', 'valkey']]],
  ['apk', [['add', 'redis']]],
  ['brew', [['install', 'redis']]],
];

/**
 * @param {string[]} names
 * @returns {Promise<string | null>} the path of the first program of these that is there
 */
export async function findProgram(names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

/**
 * @param {(line: string) => void} onLine gets what the package manager says, if one has to be asked
 * @returns {Promise<string>} the path of a Redis server, installed with the system's package manager when it may be
 * @throws {Error} saying what to install
 */
export async function provideRedis(onLine) {
  const found = await findProgram(SERVERS);
  if (found !== null) return found;
  for (const [name, commands] of PACKAGE_MANAGERS) {
    const manager = await findProgram([name]);
    if (manager === null) continue;
    const byHand = commands.map((args) => [name, ...args].join(' ')).join(' && ');
    // Homebrew is the user's own, and refuses root; the others are root's.
    const may = (process.getuid?.() === 0) !== (name === 'brew');
    if (!may)
      throw new Error(`Redis is needed. Install it (as root: ${byHand}), or set REDIS_HOST to one that is running.`);
    for (const args of commands) await install(manager, args, onLine);
    const installed = await findProgram(SERVERS);
    if (installed !== null) return installed;
  }
  throw new Error('Redis is needed. Install redis-server or valkey-server, or set REDIS_HOST to one that is running.');
}

/** @param {string} manager @param {string[]} args @param {(line: string) => void} onLine */
async function install(manager, args, onLine) {
  onLine(`${manager} ${args.join(' ')}`);
  const subprocess = execa(manager, args, {
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: INSTALL_MS,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  for await (const line of subprocess.iterable({ from: 'all' })) onLine(String(line));
  const { failed } = await subprocess;
  if (failed)
    throw new Error(
      `Redis is needed, but "${manager} ${args.join(' ')}" failed. Install redis-server, or set REDIS_HOST to one that is running.`,
    );
}

/**
 * @typedef {object} RedisOptions
 * @property {string} program the server's path
 * @property {string} folder where it keeps its data
 * @property {number} port on 127.0.0.1
 * @property {boolean} durable whether what it knows survives its end
 * @property {(line: string) => void} [onLine] gets the server's log
 */

/**
 * Starts Redis and waits until it takes commands.
 *
 * @param {Processes} processes
 * @param {RedisOptions} options
 * @returns {Promise<ManagedProcess>}
 */
export async function startRedis(processes, { program, folder, port, durable, onLine }) {
  await mkdir(folder, { recursive: true });
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: durable ? 'yes' : 'no',
    // What a job queue needs: nothing may be evicted.
    'maxmemory-policy': 'noeviction',
  };
  const child = processes.start({
    name: 'Redis',
    command: program,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    ...(onLine ? { onLine } : {}),
  });
  await untilAnswering(child, port);
  return child;
}

/** @param {ManagedProcess} child @param {number} port */
async function untilAnswering(child, port) {
  const redis = new Redis({ port, lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  redis.on('error', () => undefined);
  try {
    const failed = child.exited.then(() => {
      throw new Error(child.describeExit());
    });
    await Promise.race([redis.ping(), failed]);
  } finally {
    redis.disconnect();
  }
}
