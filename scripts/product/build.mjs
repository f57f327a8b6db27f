/** Compiles and bundles the product to dist/, and knows whether dist/ belongs to the sources as they are. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { packageCommand } from '../node/package-command.mjs';
import { withLock } from '../node/process-lock.mjs';
import { bundle } from './bundle.mjs';
import { buildClient } from './client.mjs';
import { buildWebApp } from './web-app.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STAMP = `${root}dist/.sources`;
const FOLDERS = ['apps', 'libs', 'prisma'];
const FILES = [
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'plans.json',
  'plans.schema.json',
  'prisma/generate.mjs',
  'scripts/product/bundle.mjs',
  'scripts/product/client.mjs',
  'scripts/product/web-app.mjs',
];
const APPS = ['api', 'worker', 'admin', 'sandbox'];
const TIMEOUT_MS = 600_000;

/** Builds everything. @throws {Error} after the tool's own message on stderr */
export async function build() {
  await withLock('build', () => compile(fingerprint()));
}

/** Builds unless that is done for these sources. @throws {Error} as `build` */
export async function buildIfStale() {
  await withLock('build', async () => {
    const sources = fingerprint();
    if (readStamp() !== sources) await compile(sources);
  });
}

/** @returns {string} a hash of everything that the build depends on */
function fingerprint() {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  ).filter(
    (path) => /\.(tsx?|prisma|sql|json|html|css|svg)$/.test(path) && !/\/(generated|node_modules|dist)\//.test(path),
  );
  const hash = createHash('sha256');
  for (const path of [...sources, ...FILES].sort())
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(`${root}${path}`))
      .update('\0');
  return hash.digest('hex');
}

/** @returns {string | null} the fingerprint that dist/ was built from */
function readStamp() {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return null;
  }
}

/** @param {string} sources their fingerprint */
async function compile(sources) {
  rmSync(STAMP, { force: true });
  const nest = packageCommand('@nestjs/cli', 'nest');
  await run('prisma/generate.mjs');
  await Promise.all([...APPS.map((app) => run(nest, 'build', app)), buildWebApp(), buildClient()]);
  await bundle(APPS);
  writeFileSync(STAMP, sources);
}

/** @param {...string} args for Node @throws {Error} */
async function run(...args) {
  const options = /** @type {const} */ ({ cwd: root, stdout: 'inherit', stderr: 'inherit', reject: false });
  const { failed, shortMessage } = await execa(process.execPath, args, { ...options, timeout: TIMEOUT_MS });
  if (failed) throw new Error(`The build failed: ${shortMessage}`);
}
