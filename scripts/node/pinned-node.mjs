/**
 * Which Node runs the product. The lockfile pins one for each platform that npm has a package of it for
 * (`optionalDependencies` in package.json). A command may begin on an older Node; it goes on on the pinned one. Where that
 * isn't installed, the machine's own serves if it is new enough. Uses nothing but Node.
 *
 * npm links the pinned binary to node_modules/.bin/node and puts that folder first in the PATH of what it runs, so after
 * the installation `npm run` and `npx` begin on the pinned Node by themselves.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A command may begin on this version or a newer one: package.json's `engines`. */
export const OLDEST_TO_BEGIN = '20.19.0';
/** The product runs on this version or a newer one. */
export const OLDEST_TO_RUN = '22.0.0';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PLATFORM = process.platform === 'win32' ? 'win' : process.platform;

/** The package that carries the pinned Node for this platform, whether there is one or not. */
export const NODE_PACKAGE = `node-${PLATFORM}-${process.arch}`;

/** Set, it keeps a command on the Node that it began with: `npm run test:nodes` tries others. */
const KEEP = 'KEEP_THIS_NODE';

/** @typedef {{version: string, path: string}} PinnedNode */

/** @returns {PinnedNode | null} what is installed of the pinned Node */
function installedNode() {
  const folder = join(root, 'node_modules', NODE_PACKAGE);
  try {
    const { version, bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { version, path: join(folder, bin.node) };
  } catch {
    return null;
  }
}

/**
 * @param {string} own version of the Node that runs now
 * @param {PinnedNode | null} pinned
 * @returns {PinnedNode | null} the Node to go on on; null to stay
 * @throws {Error} when there is none that the product runs on
 */
export function nodeToRunOn(own, pinned) {
  if (pinned !== null) return pinned.version === own ? null : pinned;
  if (isAtLeast(own, OLDEST_TO_RUN)) return null;
  const major = OLDEST_TO_RUN.split('.')[0];
  throw new Error(
    `npm has no ${NODE_PACKAGE}, or it was left out, so the machine's own Node is to run the product. ` +
      `That must be ${major} or newer, best the version in .nvmrc; this is ${own}.`,
  );
}

/** @throws {Error} if this Node is too old even to begin */
export function requireNodeToBegin() {
  if (isAtLeast(process.versions.node, OLDEST_TO_BEGIN)) return;
  throw new Error(`Node.js ${OLDEST_TO_BEGIN} or newer is needed; this is ${process.versions.node}.`);
}

/** @param {string} version @param {string} least @returns {boolean} */
function isAtLeast(version, least) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/**
 * Returns if this Node is the one to run on and has the flags. Otherwise this process only waits for another that runs
 * the same script on the right Node, and ends as that ends.
 *
 * @param {{flags?: string[], signal?: AbortSignal}} [options] `flags` for Node; `signal` ends the other process early
 * @throws {Error} when there is no Node that the product runs on
 */
export async function continueOnPinnedNode({ flags = [], signal } = {}) {
  const own = process.versions.node;
  const node = process.env[KEEP] ? null : nodeToRunOn(own, installedNode());
  const lacking = flags.filter((flag) => !hasFlag(flag));
  if (node === null && lacking.length === 0) return;
  try {
    process.exit(await runOnNode(node?.path ?? process.execPath, { flags: lacking, ...(signal ? { signal } : {}) }));
  } catch (error) {
    // The binary is there, but not the C library that it needs: a system with musl.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    nodeToRunOn(own, null);
  }
}

/** @param {string} flag */
function hasFlag(flag) {
  return process.execArgv.includes(flag) || (process.env['NODE_OPTIONS'] ?? '').split(' ').includes(flag);
}

/**
 * Runs this process's script with its arguments once more.
 *
 * @param {string} path of the Node to run it on, whose folder comes first in its PATH
 * @param {{flags?: string[], signal?: AbortSignal}} options
 * @returns {Promise<number>} its exit code
 */
export function runOnNode(path, { flags = [], signal }) {
  const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env['PATH'] ?? ''}` };
  // The channel tells the other process when this one is killed (shutdownSignal).
  const channel = signal ? ['ipc'] : [];
  const child = spawn(path, [...process.execArgv, ...flags, ...process.argv.slice(1)], {
    env,
    stdio: ['inherit', 'inherit', 'inherit', .../** @type {'ipc'[]} */ (channel)],
  });
  child.once('spawn', () => forwardSignals(child, signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)));
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {AbortSignal} [signal]
 */
function forwardSignals(child, signal) {
  let forwarded = false;
  for (const name of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => {
      forwarded = true;
      child.kill(name);
    });
  }
  // A signal aborts, too, and is forwarded by the time of the check; the end of npm only aborts.
  signal?.addEventListener('abort', () => setImmediate(() => forwarded || child.kill('SIGTERM')));
}
