import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Put in by the bundler (`scripts/product/bundle.mjs`); not there when the sources run as they are. */
declare const BUILD_VERSION: string | undefined;
declare const BUILD_REVISION: string | undefined;

/** Which build runs, and which process of it. */
export interface BuildInfo {
  /** The product's name, as in `package.json`. */
  name: string;
  /** The product's version, as in `package.json` at the time of the build. */
  version: string;
  /** The commit that was built, in hex; `unknown` where there was neither git nor `REVISION`. */
  revision: string;
  /** This process: the host's name, and six random bytes in hex, since containers share process ids and restarts host names. */
  instance: string;
}

const NAME = 'gemini-chat-backend';
const UNKNOWN = 'unknown';

let known: BuildInfo | undefined;

/** Which build runs, and which process of it: the same object at each call. */
export function buildInfo(): BuildInfo {
  known ??= Object.freeze({
    name: NAME,
    version: typeof BUILD_VERSION === 'string' ? BUILD_VERSION : versionOfSources(),
    revision: typeof BUILD_REVISION === 'string' ? BUILD_REVISION : UNKNOWN,
    instance: `${hostname()}-${randomBytes(6).toString('hex')}`,
  });
  return known;
}

/** The version in the nearest `package.json` of the product above this file. */
function versionOfSources(): string {
  for (let folder = new URL('.', import.meta.url); folder.pathname !== '/'; folder = new URL('..', folder)) {
    const version = productVersionIn(new URL('package.json', folder));
    if (version !== null) return version;
  }
  return UNKNOWN;
}

function productVersionIn(file: URL): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    return name === NAME ? (version ?? null) : null;
  } catch {
    return null;
  }
}
