import { readFileSync } from 'node:fs';
import type { Type } from '@nestjs/common';
import { variablesReadableFromFile } from './readable-from-file.decorator.js';

/** An environment in which the variables that files hold have their values. */
export interface ReadEnvironment {
  env: Record<string, string>;
  /** One line for each file that can't be used. They name variables, and neither paths nor what is in the files. */
  problems: string[];
}

/**
 * Reads the files that hold secrets of these classes.
 *
 * @param present the environment without blank variables
 */
export function readSecretFiles(classes: readonly Type<object>[], present: Record<string, string>): ReadEnvironment {
  const env = { ...present };
  const problems: string[] = [];
  for (const name of new Set(classes.flatMap((type) => variablesReadableFromFile(type.prototype as object)))) {
    const path = present[`${name}_FILE`];
    if (path === undefined) continue;
    if (present[name] !== undefined) problems.push(`${name} and ${name}_FILE are both set; one of them has to go`);
    const value = readSecret(path);
    if (value.problem === null) env[name] ??= value.text;
    else problems.push(`${name}_FILE names ${value.problem}`);
  }
  return { env, problems };
}

/** White space at both ends belongs to no secret: editors and `echo` end files with a line break. */
function readSecret(path: string): { text: string; problem: string | null } {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return { text, problem: text === '' ? 'an empty file' : null };
  } catch (error) {
    return { text: '', problem: `a file that can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}` };
  }
}
