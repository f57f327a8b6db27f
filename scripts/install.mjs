/** Brings node_modules up to the lockfile. Uses nothing but Node, since nothing else may be there yet. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { alone } from './alone.mjs';

/** @typedef {{version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean}} LockedPackage */

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} file @returns {Record<string, LockedPackage>} the packages of a lockfile; none if it isn't there */
function packages(file) {
  try {
    return JSON.parse(readFileSync(`${root}${file}`, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** @returns {boolean} whether every package that has to be there is there, in its version */
function isComplete() {
  const installed = packages('node_modules/.package-lock.json');
  return Object.entries(packages('package-lock.json')).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || installed[path]?.version === version,
  );
}

/** Installs the dependencies unless they are there. @throws {Error} when npm fails */
export async function install() {
  if (isComplete()) return;
  await alone('install', () => {
    if (isComplete()) return;
    console.log('Installing dependencies with npm (a minute or so) ...');
    // npm tells its children where it lies itself; started without it, we take that of the PATH.
    const npm = process.env['npm_execpath'];
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const options = /** @type {const} */ ({ cwd: root, stdio: 'inherit' });
    const { status, error } = npm?.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
    if (status !== 0) throw new Error(`npm ci failed${error ? `: ${error.message}` : ''}. Its own words stand above.`);
  });
}
