/** Bundles what was compiled to dist/: a process that reads one file instead of 1,500 is ready sooner and takes less memory. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Stay packages. */
const EXTERNAL = [
  // Nest and we have to use the same copy: one registers the decorators, the other reads them.
  'class-transformer',
  'class-validator',
  // Reads its files by their place.
  '@fastify/static',
  'swagger-ui-dist',
  // Loaded only where the queue's pages are on; read their files by their place.
  '@bull-board/*',
  'msgpackr',
  // Its CommonJS is of a kind that no bundler follows.
  'jsonc-parser',
  'pino',
  // Loaded with the first query only.
  '@prisma/client/runtime/query_compiler*',
  // Nest asks for them and does without.
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@fastify/multipart',
  '@fastify/view',
];

/** CommonJS packages in the bundle load Node's own modules by `require`. */
const REQUIRE = `import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

/**
 * Makes `dist/APP/main.js` of the compiled files.
 *
 * @param {string[]} apps
 * @param {string} [folder] holds the `dist`; the project's own unless given
 * @throws {Error} after esbuild's own message on stderr
 */
export async function bundle(apps, folder = root) {
  const define = await buildConstants();
  await Promise.all([
    ...(apps.includes('api') ? [bundleDocsPage(folder)] : []),
    ...apps.map((app) =>
      build({
        absWorkingDir: folder,
        entryPoints: [`dist/apps/${app}/src/main.js`],
        outdir: `dist/${app}`,
        bundle: true,
        splitting: true,
        platform: 'node',
        format: 'esm',
        target: 'node20.19',
        keepNames: true,
        external: EXTERNAL,
        banner: { js: REQUIRE },
        define,
        logLevel: 'warning',
      }),
    ),
  ]);
}

/** What `libs/platform/src/process/build-info.ts` tells of the build. @returns {Promise<Record<string, string>>} */
async function buildConstants() {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  return { BUILD_VERSION: JSON.stringify(version), BUILD_REVISION: JSON.stringify(await revision()) };
}

/** The commit that is built: `REVISION` where git isn't at hand, as in an image's build. @returns {Promise<string>} */
async function revision() {
  const given = process.env['REVISION'];
  if (given !== undefined && given !== '') return given;
  const git = await execa('git', ['rev-parse', 'HEAD'], { cwd: root, stderr: 'ignore', reject: false });
  return git.failed ? 'unknown' : git.stdout.trim();
}

/** The script of `/docs`, for browsers. @param {string} folder */
const bundleDocsPage = (folder) =>
  build({
    absWorkingDir: folder,
    entryPoints: ['dist/apps/api/src/docs-page/docs-page.js'],
    outfile: 'dist/api/docs-page.js',
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome115', 'firefox115', 'safari16.4'],
    logLevel: 'warning',
  });
