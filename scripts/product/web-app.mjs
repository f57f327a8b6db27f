/** Bundles the chat page to dist/web: one page, its script, its styles and its icon, each under a name that says what is in it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const OUTPUT = 'dist/web';

/** What stands in `index.html` for the files, by their kinds. @type {Record<string, RegExp>} */
const PLACES = {
  icon: /^assets\/icon-\w+\.svg$/,
  style: /^assets\/main-\w+\.css$/,
  script: /^assets\/main-\w+\.js$/,
};

/**
 * Makes `dist/web` of `apps/web` and `libs/client`.
 * @throws {Error} after esbuild's own message on stderr
 */
export async function buildWebApp() {
  rmSync(`${root}${OUTPUT}`, { recursive: true, force: true });
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['apps/web/src/main.tsx', 'apps/web/src/icon.svg'],
    outdir: OUTPUT,
    entryNames: 'assets/[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    // Those that know light-dark() in style sheets.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // The client's hook is written for React.
    alias: { react: './apps/web/src/ui/react.ts' },
    loader: { '.svg': 'copy' },
    charset: 'utf8',
    logLevel: 'warning',
  });
  mkdirSync(`${root}${OUTPUT}/assets`, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  const names = outputFiles.map(({ path }) => `assets/${basename(path)}`);
  writeFileSync(`${root}${OUTPUT}/index.html`, pageWith(names));
}

/** @param {string[]} names of the files that were made @returns {string} the page, which names them */
function pageWith(names) {
  return readFileSync(`${root}apps/web/src/index.html`, 'utf8').replace(/\{\{(\w+)\}\}/g, (_, kind) => {
    const name = names.find((each) => PLACES[kind]?.test(each));
    if (name === undefined) throw new Error(`The build of the chat page made no ${kind}.`);
    return `/${name}`;
  });
}
