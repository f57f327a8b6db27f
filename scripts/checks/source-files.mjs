import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** @typedef {{path: string, text: string}} SourceFile a text file of the project; its path from the project's folder, with `/` */

/** What installs, builds and tests leave in the tree, and the generated database client. */
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.data', '.git', 'generated']);

/**
 * Reads the files of some folders, or single files, whose path fits. Paths that don't exist have none.
 *
 * @param {string} folder the project's
 * @param {string[]} paths
 * @param {RegExp} fits
 * @returns {Promise<SourceFile[]>}
 */
export async function readSources(folder, paths, fits) {
  const found = await Promise.all(paths.map((path) => filesOf(join(folder, path))));
  const wanted = found.flat().filter((file) => fits.test(file));
  return Promise.all(
    wanted.map(async (file) => ({
      path: relative(folder, file).replaceAll('\\', '/'),
      text: await readFile(file, 'utf8'),
    })),
  );
}

/** @param {string} path @returns {Promise<string[]>} */
async function filesOf(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch((/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code === 'ENOTDIR') return null;
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries === null) return [path];
  const kept = entries.filter(({ name }) => !NOT_OURS.has(name));
  const nested = await Promise.all(
    kept.map(async (entry) => {
      const inside = join(path, entry.name);
      return entry.isDirectory() ? filesOf(inside) : [inside];
    }),
  );
  return nested.flat();
}
