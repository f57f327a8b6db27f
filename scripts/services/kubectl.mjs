/** kubectl, for `kubectl kustomize`, which needs no cluster. */
import { debianProgram, provideDebianPackage } from './debian-packages.mjs';

/**
 * @returns {Promise<string[]>} what a command line has to begin with
 * @throws {Error} saying why there is none
 */
export async function provideKubectl() {
  return debianProgram(await provideDebianPackage('kubectl', 'trixie'), 'usr/bin/kubectl');
}
