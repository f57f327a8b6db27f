/** The commands of installed packages, to be run by this process's own Node, whatever `node` the PATH has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/**
 * @param {string} packageName
 * @param {string} [command] the package's only one unless given
 * @returns {string} the path of its script
 */
export function packageCommand(packageName, command) {
  const folder = join(modules, packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command ?? packageName]);
}
