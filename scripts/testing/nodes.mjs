/** Versions of Node that run the tests besides the pinned one, from the npm packages that carry their binaries. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { NODE_PACKAGE } from '../node/pinned-node.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_MS = 300_000;

/** The oldest version that the product runs on, the one that it ships with, and the newest. */
export const TESTED_NODES = ['22.23.3', '24.21.0', '26.10.0'];

/**
 * Runs the unit and e2e suites on one version.
 *
 * @param {string} version
 * @param {string[]} args for Jest
 * @param {AbortSignal} signal ends the run early
 * @returns {Promise<boolean>} whether all is well
 */
export async function testOnNode(version, args, signal) {
  const node = await provideNode(version, signal);
  const selection = args.includes('--selectProjects') ? [] : ['--selectProjects', 'unit', 'e2e'];
  const { failed } = await execa(node, ['scripts/test.mjs', ...args, ...selection], {
    cwd: root,
    env: { KEEP_THIS_NODE: '1', PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    reject: false,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  return !failed;
}

/** @param {string} version @param {AbortSignal} signal @returns {Promise<string>} the path of its binary */
async function provideNode(version, signal) {
  const folder = join(root, '.data/nodes', version);
  const path = join(folder, 'node_modules', NODE_PACKAGE, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node');
  if (existsSync(path)) return path;
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await execa('npm', ['install', '--prefix', folder, ...options, `${NODE_PACKAGE}@${version}`], {
    stdout: 'ignore',
    stderr: 'inherit',
    timeout: INSTALL_MS,
    cancelSignal: signal,
  });
  return path;
}
