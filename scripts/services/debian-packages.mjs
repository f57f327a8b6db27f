/**
 * A program from Debian's archive in a folder of its own, with the libraries that it needs, down to the C library: so a
 * program of any release runs on any machine with apt, beside whatever that has. Nothing is installed, and root isn't needed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { withLock } from '../node/process-lock.mjs';

const FOLDER = fileURLToPath(new URL('../../.data/debian', import.meta.url));
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const COMMAND_MS = 300_000;

/** Besides the program only libraries are taken: nothing is run that installs or configures packages. */
const LIBRARY = /^(?:lib(?!perl)|zlib)(?!.*-perl$)/;

/**
 * @param {string} name of the package
 * @param {string} release of Debian
 * @returns {Promise<string>} the folder with the package's files, which are kept for the next time
 * @throws {Error} saying what is missing: apt, Debian's archive among its sources, or the network
 */
export async function provideDebianPackage(name, release) {
  const folder = join(FOLDER, `${name}-${release}`);
  if (existsSync(folder)) return folder;
  return withLock(`debian-${name}-${release}`, async () => {
    if (!existsSync(folder)) await download(name, release, folder);
    return folder;
  });
}

/**
 * How a program of such a folder is run: by its own loader, with its own libraries.
 *
 * @param {string} folder
 * @param {string} program its path within the folder
 * @returns {Promise<string[]>} what a command line has to begin with
 */
export async function debianProgram(folder, program) {
  const [architecture] = await libraryFolders(folder);
  if (architecture === undefined) throw new Error(`There are no libraries in ${folder}.`);
  const libraries = ['lib', 'usr/lib'].map((lib) => join(folder, lib, architecture));
  const names = (await Promise.all(libraries.map((each) => readdir(each).catch(() => [])))).flat();
  const loader = names.find((each) => /^ld-linux.*\.so/.test(each)) ?? '';
  const path = libraries.map((each) => join(each, loader)).find((each) => existsSync(each)) ?? '';
  return [path, '--library-path', libraries.join(':'), join(folder, program)];
}

/** @param {string} folder @returns {Promise<string[]>} the names of the architecture's folders, such as `x86_64-linux-gnu` */
async function libraryFolders(folder) {
  return (await readdir(join(folder, 'usr/lib'))).filter((each) => each.endsWith('-linux-gnu'));
}

/** @param {string} name @param {string} release @param {string} folder */
async function download(name, release, folder) {
  const work = `${folder}.draft`;
  await rm(work, { recursive: true, force: true });
  for (const each of ['lists/partial', 'archives/partial', 'packages', 'root'])
    await mkdir(join(work, each), { recursive: true });
  await writeFile(join(work, 'status'), '');
  const sources = `deb [signed-by=${KEYRING}] ${await archive()} ${release} main\n`;
  await writeFile(join(work, 'sources.list'), sources);
  const apt = aptOf(work);
  await apt(['update']);
  const plan = await apt(['install', '--yes', '--no-install-recommends', '--print-uris', name]);
  const names = [...plan.matchAll(/^\S+ ([^\s_]+)_\S+\.deb /gm)].map(([, each = '']) => each);
  await apt(['download', ...names.filter((each) => each === name || LIBRARY.test(each))]);
  for (const file of await readdir(join(work, 'packages')))
    await run('dpkg-deb', ['--extract', join(work, 'packages', file), join(work, 'root')]);
  await rename(join(work, 'root'), folder);
  await rm(work, { recursive: true });
}

/** @returns {Promise<string>} where this machine gets its Debian packages */
async function archive() {
  const targets = await run('apt-get', ['indextargets', '--format', '$(ORIGIN) $(LABEL) $(SITE)']);
  const found = /^Debian Debian (\S+)$/m.exec(targets)?.[1];
  if (found === undefined)
    throw new Error("apt-get knows no archive of Debian's; `apt-get update` may not have been run.");
  return found;
}

/** @param {string} work a folder @returns {(args: string[]) => Promise<string>} apt-get that knows nothing of the machine's own packages */
function aptOf(work) {
  const settings = {
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  return (args) => run('apt-get', ['-qq', ...options, ...args], join(work, 'packages'));
}

/** @param {string} command @param {string[]} args @param {string} [cwd] @returns {Promise<string>} what it has printed */
async function run(command, args, cwd) {
  const { failed, stdout, shortMessage, stderr } = await execa(command, args, {
    ...(cwd ? { cwd } : {}),
    reject: false,
    stdin: 'ignore',
    timeout: COMMAND_MS,
  });
  if (failed) throw new Error(`${shortMessage}\n${stderr}`);
  return stdout;
}
