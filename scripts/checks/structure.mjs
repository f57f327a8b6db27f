import { basename, dirname } from 'node:path/posix';

/** @import {SourceFile} from './source-files.mjs' */

/** How many source files a folder holds at most: what one sees at a glance. */
export const MAX_FILES = 15;

/** The role of a class that Nest injects; its file ends in it. */
const ROLES = [
  'cache',
  'client',
  'controller',
  'filter',
  'guard',
  'host',
  'listener',
  'metrics',
  'participant',
  'pipe',
  'processor',
  'registry',
  'service',
  'store',
  'interceptor',
  'strategy',
  'subscriber',
  'task',
];

const INJECTED = /^[ \t]*@(?:Injectable|Controller|Processor|Catch)\(/m;
const TEST = /\.(?:spec|int-spec|test)\.(?:ts|mjs)$/;
const SOURCE = /\.(?:ts|mjs)$/;

/**
 * The files with a class that Nest injects whose name says neither its role nor, for an adapter, `<vendor>.<port>`.
 *
 * @param {SourceFile[]} files
 */
export function filesWithoutRole(files) {
  const ports = new Set(files.flatMap(({ path }) => /([^/]+)\.port\.ts$/.exec(path)?.[1] ?? []));
  return files
    .filter(({ path, text }) => !TEST.test(path) && INJECTED.test(text))
    .map(({ path }) => path)
    .filter((path) => {
      const [, role = ''] = /^[^.]+\.([^.]+)\.ts$/.exec(basename(path)) ?? [];
      return !ROLES.includes(role) && !ports.has(role);
    });
}

/** The folders that hold more than {@link MAX_FILES} source files; tests don't count. @param {SourceFile[]} files */
export function crowdedFolders(files) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { path } of files) {
    if (!SOURCE.test(path) || TEST.test(path)) continue;
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > MAX_FILES).map(([folder]) => folder);
}
