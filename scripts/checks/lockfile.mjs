/** Fails unless package-lock.json belongs to package.json and is the same wherever it was written. */
import { readFileSync } from 'node:fs';

/** @typedef {{link?: boolean, resolved?: string, integrity?: string, optional?: boolean, os?: string[]}} LockedPackage */

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
/** @type {string[]} */
const workspaces = read('package.json').workspaces;
const packages = read('package-lock.json').packages;

/** Whose packages end in a bundle or an image. */
const PRODUCT = ['apps/sandbox', 'apps/web'];

/** @type {string[]} */
const problems = [];
for (const folder of ['', ...workspaces]) {
  const manifest = read(`${folder}/package.json`);
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'engines']) {
    if (JSON.stringify(packages[folder]?.[kind] ?? {}) !== JSON.stringify(manifest[kind] ?? {})) {
      problems.push(`"${kind}" differ from those of ${folder || '.'}/package.json: run npm install.`);
    }
  }
}
for (const [path, entry] of Object.entries(/** @type {Record<string, LockedPackage>} */ (packages))) {
  if (path === '' || workspaces.includes(path) || entry.link) continue;
  // What is compiled to dist/ finds packages in the root's node_modules only.
  if (PRODUCT.some((folder) => path.startsWith(`${folder}/`))) problems.push(`${path}: use the version of the root.`);
  // An address would tie every install to the mirror that one developer happened to use.
  if (entry.resolved) problems.push(`${path} has a "resolved" address: see omit-lockfile-registry-resolved in .npmrc.`);
  // An optional package of another platform is known by its name only, until it is installed there.
  if (!entry.integrity && !(entry.optional && entry.os)) problems.push(`${path} has no "integrity".`);
}

console.log(problems.length === 0 ? 'The lockfile is in order.' : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
