/**
 * `npm run build`: generates the Prisma client and compiles the three apps to dist/.
 * With `--if-stale` it does nothing if dist/ belongs to the sources as they are.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { alone } from './alone.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}dist/.sources`;
const folders = ['apps', 'libs', 'prisma'];
const files = ['package-lock.json', 'nest-cli.json', 'tsconfig.json'];

/** @returns {string} what tells these sources from others */
function fingerprint() {
  const sources = folders
    .flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => /\.(ts|prisma|json)$/.test(path) && !path.includes('/generated/'));
  const hash = createHash('sha256');
  for (const path of [...sources, ...files].sort())
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(`${root}${path}`))
      .update('\0');
  return hash.digest('hex');
}

/** @returns {string | null} */
function built() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return null;
  }
}

/** @param {string} command @param {...string} args */
const run = (command, ...args) =>
  execa(command, args, {
    cwd: root,
    preferLocal: true,
    localDir: root,
    stdout: 'inherit',
    stderr: 'inherit',
    timeout: 600_000,
  });

await alone('build', async () => {
  const sources = fingerprint();
  if (process.argv.includes('--if-stale') && built() === sources) return;
  rmSync(stamp, { force: true });
  await run('node', 'prisma/generate.mjs');
  await Promise.all(['api', 'worker', 'sandbox'].map((app) => run('nest', 'build', app)));
  writeFileSync(stamp, sources);
}).catch((/** @type {Error} */ error) => {
  // What went wrong stands above, in the tool's own words.
  console.error(`The build failed: ${'shortMessage' in error ? String(error.shortMessage) : error.message}`);
  process.exitCode = 1;
});
