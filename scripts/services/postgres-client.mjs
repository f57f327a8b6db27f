/** PostgreSQL's programs for backups, of the version that tests run: the binaries on npm have the server alone. */
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';

/** Older programs refuse a newer server. Debian's releases have one version each; this is the one with 18. */
const VERSION = '18';
const RELEASE = 'forky';

/**
 * @param {'pg_dump' | 'pg_restore'} program
 * @returns {Promise<string[]>} what a command line has to begin with
 * @throws {Error} saying why there is none
 */
export async function providePostgresClient(program) {
  const folder = await provideDebianPackage(`postgresql-client-${VERSION}`, RELEASE);
  return debianProgram(folder, `usr/lib/postgresql/${VERSION}/bin/${program}`);
}
