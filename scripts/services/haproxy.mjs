/** An HAProxy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';

/** @import {ManagedProcess, Processes} from './processes.mjs' */

/** The release of Debian whose HAProxy is tried: 2.6. */
const RELEASE = 'bookworm';

/**
 * @returns {Promise<string[]>} what a command line has to begin with
 * @throws {Error} saying why there is none
 */
export async function provideHaproxy() {
  return debianProgram(await provideDebianPackage('haproxy', RELEASE), 'usr/sbin/haproxy');
}

/**
 * @typedef {object} ProxyOptions
 * @property {string[]} program what its command line begins with
 * @property {string} folder for its settings and what it stores
 * @property {string} settings
 * @property {(line: string) => void} [onLine] gets its log
 */

/**
 * Starts it. It may take no connections yet.
 *
 * @param {Processes} processes
 * @param {ProxyOptions} options
 * @returns {Promise<ManagedProcess>}
 */
export async function startHaproxy(processes, { program, folder, settings, onLine }) {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, settings);
  const [command = '', ...args] = [...program, '-db', '-f', file];
  return processes.start({ name: 'HAProxy', command, args, ...(onLine ? { onLine } : {}) });
}
