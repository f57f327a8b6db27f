/** Fails unless everything that names a version of Node agrees with the one that .nvmrc names and the lockfile pins. */
import { readFileSync } from 'node:fs';
import { OLDEST_TO_BEGIN } from '../node/pinned-node.mjs';
import { TESTED_NODES } from '../testing/nodes.mjs';

const NODE_PACKAGE = /^node-(linux|darwin|win)-/;

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const all = (/** @type {string} */ text, /** @type {RegExp} */ pattern) =>
  Array.from(text.matchAll(pattern), ([, found = '']) => found);
const majorOf = (/** @type {string} */ version) => String(version.split('.')[0]);

const version = read('.nvmrc').trim();
const { engines, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));
const { packages: locked } = JSON.parse(read('package-lock.json'));
const workflow = read('.github/workflows/ci.yml');
const nodePackages = Object.keys(optionalDependencies).filter((name) => NODE_PACKAGE.test(name));

/** @type {[place: string, found: string[], expected: string[]][]} */
const places = [
  ...nodePackages.map((name) => place(`${name} in package.json`, [optionalDependencies[name]], [version])),
  ...nodePackages.map((name) =>
    place(`${name} in the lockfile`, [locked[`node_modules/${name}`]?.version ?? 'nothing'], [version]),
  ),
  place('Dockerfile', [...new Set(all(read('Dockerfile'), /^FROM node:([\d.]+)-/gm))], [version]),
  place('@types/node', [majorOf(devDependencies['@types/node'])], [majorOf(version)]),
  place('engines', [engines.node], [`>=${OLDEST_TO_BEGIN}`]),
  place(
    'the versions of npm run test:nodes',
    TESTED_NODES.filter((tested) => tested === version),
    [version],
  ),
  place("the workflow's matrix", all(/node: \[(.*)\]/.exec(workflow)?.[1] ?? '', /(\d+)/g), TESTED_NODES.map(majorOf)),
  place("the workflow's node-version-file", all(workflow, /node-version(?:-file)?: (.*)$/gm), ['.nvmrc', '.nvmrc']),
];

/** @param {string} name @param {string[]} found @param {string[]} expected @returns {[string, string[], string[]]} */
function place(name, found, expected) {
  return [name, found, expected];
}

const problems = places
  .filter(([, found, expected]) => found.join() !== expected.join())
  .map(([name, found, expected]) => `${name}: ${found.join() || 'nothing'} instead of ${expected.join()}.`);
if (nodePackages.length === 0) problems.push('package.json has no optional package of Node.');

console.log(problems.length === 0 ? `Node ${version} everywhere.` : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
