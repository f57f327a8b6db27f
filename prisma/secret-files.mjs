/** Secrets of the commands that may stand in files, as for the product's processes (libs/platform/src/config/secret-files.ts). */
import { readFileSync } from 'node:fs';

/**
 * Gives variables their values from the files that `X_FILE` names for a variable `X`.
 *
 * @param {string[]} names
 * @param {NodeJS.ProcessEnv} [env]
 * @throws {Error} a file can't be read or is empty, or the variable is set, too. Names the variable, and never what is in the file
 */
export function readSecretFiles(names, env = process.env) {
  for (const name of names) {
    const path = env[`${name}_FILE`];
    if (!path) continue;
    if (env[name]) throw new Error(`${name} and ${name}_FILE are both set; one of them has to go.`);
    env[name] = readSecret(`${name}_FILE`, path);
  }
}

/** @param {string} variable @param {string} path @returns {string} */
function readSecret(variable, path) {
  let text;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code = 'unknown' } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new Error(`${variable} names a file that can't be read: ${code}.`, { cause: error });
  }
  if (text === '') throw new Error(`${variable} names an empty file.`);
  return text;
}
