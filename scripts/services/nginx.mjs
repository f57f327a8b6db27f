/** An nginx. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';
import { unprivileged } from './postgres-programs.mjs';

/** @import {ProxyOptions} from './haproxy.mjs' */
/** @import {ManagedProcess, Processes} from './processes.mjs' */

/** The release of Debian whose nginx is tried: 1.22. */
const RELEASE = 'bookworm';

/** What it stores while it passes something on. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * @returns {Promise<string[]>} what a command line has to begin with
 * @throws {Error} saying why there is none
 */
export async function provideNginx() {
  return debianProgram(await provideDebianPackage('nginx', RELEASE), 'usr/sbin/nginx');
}

/**
 * Starts it, without root's rights where this process has them. It may take no connections yet.
 *
 * @param {Processes} processes
 * @param {ProxyOptions} options whose settings are those within `http`
 * @returns {Promise<ManagedProcess>}
 */
export async function startNginx(processes, { program, folder, settings, onLine }) {
  await mkdir(folder, { recursive: true });
  const as = await unprivileged(folder);
  await writeFile(join(folder, 'nginx.conf'), around(folder, settings));
  const own = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'];
  const [command = '', ...args] = [...as, ...program, ...own];
  return processes.start({ name: 'nginx', command, args, stopSignal: 'SIGINT', ...(onLine ? { onLine } : {}) });
}

/** @param {string} folder @param {string} settings @returns {string} what makes it run without root, around settings of ours */
function around(folder, settings) {
  const paths = TEMPORARY.map((name) => `${name}_temp_path ${join(folder, name)};`);
  return `pid ${join(folder, 'nginx.pid')};
worker_processes 2;
events {}
http {
access_log off;
${paths.join('\n')}
${settings}
}
`;
}
