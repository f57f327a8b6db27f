/** Brings node_modules up to the lockfile. Uses nothing but Node, since nothing else may be there yet. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NODE_PACKAGE } from './pinned-node.mjs';
import { withLock } from './process-lock.mjs';

/** @typedef {{version?: string, optional?: boolean, devOptional?: boolean}} LockedPackage */

const root = fileURLToPath(new URL('../..', import.meta.url));
const LOCKFILE = `${root}package-lock.json`;
const INSTALLED = `${root}node_modules/.package-lock.json`;

/** @param {string} file @returns {Record<string, LockedPackage>} the packages of a lockfile; none if it isn't there */
function packages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

/** @returns {boolean} whether every package that has to be there is there, in its version */
function isComplete() {
  const locked = packages(LOCKFILE);
  const installed = packages(INSTALLED);
  const required = Object.entries(locked).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || installed[path]?.version === version,
  );
  return required && isNodeComplete(locked, installed);
}

/**
 * The pinned Node is optional: npm may leave it out, by its settings or because the registry lacks it. So its absence
 * only counts if nothing was installed since the lockfile changed.
 *
 * @param {Record<string, LockedPackage>} locked
 * @param {Record<string, LockedPackage>} installed
 */
function isNodeComplete(locked, installed) {
  const path = `node_modules/${NODE_PACKAGE}`;
  if (locked[path]?.version === installed[path]?.version) return true;
  return installed[path] === undefined && statSync(INSTALLED).mtimeMs >= statSync(LOCKFILE).mtimeMs;
}

/** What `npm start` and the build need: not the packages that only clients' tests and examples use. */
const PRODUCT = ['--include-workspace-root', '--workspace=apps/sandbox', '--workspace=apps/web'];

/** Says for which lockfile the packages of the product were installed last. npm removes it with everything else. */
const PRODUCT_STAMP = `${root}node_modules/.installed-for-product`;

/** @returns {boolean} whether the packages of the product are those of the lockfile */
const isProductComplete = () => {
  try {
    return readFileSync(PRODUCT_STAMP, 'utf8') === lockfileHash();
  } catch {
    return false;
  }
};

const lockfileHash = () => createHash('sha256').update(readFileSync(LOCKFILE)).digest('hex');

/**
 * Installs the dependencies unless they are there.
 *
 * @param {'product' | 'everything'} scope
 * @param {AbortSignal} [signal]
 * @throws {Error} when npm fails
 */
export async function install(scope, signal) {
  const isDone = () => isComplete() || (scope === 'product' && isProductComplete());
  if (isDone()) return;
  await withLock('install', async () => {
    if (isDone()) return;
    console.log('Installing dependencies with npm (a minute or so) ...');
    // Adds to what the product has without removing it first: the product may be running.
    const command = isProductComplete() ? ['install', '--no-save'] : ['ci'];
    const packages = scope === 'product' ? PRODUCT : [];
    const args = [...command, ...packages, '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const code = await npm(args, signal);
    if (code !== 0) throw new Error(`npm ${command[0]} ended with code ${code}. Its own message stands above.`);
    writeFileSync(PRODUCT_STAMP, lockfileHash());
  });
}

/** @param {string[]} args @param {AbortSignal} [signal] @returns {Promise<number | null>} its exit code */
function npm(args, signal) {
  const options = /** @type {const} */ ({ cwd: root, stdio: 'inherit', ...(signal ? { signal } : {}) });
  // npm tells those whom it runs where it lies itself; run without it, we take that of the PATH.
  const script = process.env['npm_execpath'];
  const child = script?.endsWith('.js')
    ? spawn(process.execPath, [script, ...args], options)
    : spawn('npm', args, { ...options, shell: process.platform === 'win32' });
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
}
