/** Bundles `libs/client` into one module that uses nothing but its platform: for the demo, and to know its size. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @import {BuildOptions} from 'esbuild' */

/** @param {BuildOptions} [options] @returns {Promise<string>} the client's core as one module @throws {Error} after esbuild's own message on stderr */
export async function bundledClient(options = {}) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['libs/client/src/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    ...options,
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** Makes `dist/client/index.js`. @throws {Error} as `bundledClient` */
export async function buildClient() {
  const file = `${root}dist/client/index.js`;
  const text = await bundledClient();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
