/**
 * `npm run build`: generates the Prisma client and compiles the apps to dist/ and bundles each into one file.
 * With `--if-stale` it does nothing if dist/ belongs to the sources as they are.
 */
import { runCommand } from './node/begin.mjs';

await runCommand(async () => {
  const { build, buildIfStale } = await import('./product/build.mjs');
  await (process.argv.includes('--if-stale') ? buildIfStale() : build());
}, 'product');
