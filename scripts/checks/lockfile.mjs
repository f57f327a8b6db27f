/** Fails unless package-lock.json belongs to package.json and is the same wherever it was written. */
import { readFileSync } from 'node:fs';

/** @typedef {{link?: boolean, resolved?: string, integrity?: string, optional?: boolean, os?: string[]}} LockedPackage */

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json');
const { '': root, ...packages } = read('package-lock.json').packages;

/** @type {string[]} */
const problems = [];
for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'engines']) {
  if (JSON.stringify(root[kind] ?? {}) !== JSON.stringify(manifest[kind] ?? {})) {
    problems.push(`"${kind}" differ from package.json's: run npm install.`);
  }
}
for (const [path, entry] of Object.entries(/** @type {Record<string, LockedPackage>} */ (packages))) {
  if (entry.link) continue;
  // An address would tie every install to the mirror that one developer happened to use.
  if (entry.resolved) problems.push(`${path} has a "resolved" address: see omit-lockfile-registry-resolved in .npmrc.`);
  // An optional package of another platform is known by its name only, until it is installed there.
  if (!entry.integrity && !(entry.optional && entry.os)) problems.push(`${path} has no "integrity".`);
}

console.log(problems.length === 0 ? 'The lockfile is in order.' : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
