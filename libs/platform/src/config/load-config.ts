import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { defaultsOutsideProduction } from './default-outside-production.decorator.js';
import { EnvironmentConfig, OUTSIDE_PRODUCTION, PRODUCTION } from './environment.config.js';
import { isPlaceholder } from './public-secrets.js';
import { readSecretFiles } from './secret-files.js';

/** The environment does not describe a runnable process. The message names variables and rules, never values. */
export class ConfigError extends Error {
  /** @param problems one line for each broken rule, beginning with the variable's name */
  constructor(readonly problems: string[]) {
    super(`Invalid configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** A configuration class that has more to check than a rule for each of its variables, such as the file that one names. */
export interface SelfCheckingConfig {
  /**
   * What is wrong, one line each. Called when the rules hold.
   *
   * @param isProduction whether what is only for development has to be refused
   */
  findProblems(isProduction: boolean): string[];
}

/** What the classes make, in their order. */
type Instances<T extends readonly Type<object>[]> = { -readonly [K in keyof T]: InstanceType<T[K]> };

/**
 * Reads classes whose properties are named like environment variables and carry class-validator rules.
 * An empty variable counts as absent, so that a line of `.env` can be left blank to get the default.
 * A secret may stand in a file, which the variable's name with `_FILE` names.
 * A class holds its own variables alone. Without `NODE_ENV` the rules of production hold, and no placeholder passes there.
 *
 * @throws ConfigError with the problems of all classes together
 */
export function loadConfig<const T extends readonly Type<object>[]>(
  classes: T,
  env: NodeJS.ProcessEnv = process.env,
): Instances<T> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const { env: present, problems: unreadable } = readSecretFiles(classes, Object.fromEntries(set));
  const read = (type: Type<object>, defaults: Record<string, string> = {}): object =>
    plainToInstance(type, { ...defaults, ...present }, { enableImplicitConversion: false, exposeDefaultValues: true });
  const environment = read(EnvironmentConfig) as EnvironmentConfig;
  const unknownEnvironment = problemsOf(environment, true);
  const isProduction = environment.NODE_ENV === 'production' || unknownEnvironment.length > 0;
  const instances = classes.map((type) =>
    read(type, isProduction ? {} : defaultsOutsideProduction(type.prototype as object, present)),
  );
  const problems = [
    ...unknownEnvironment,
    ...unreadable,
    ...instances.flatMap((instance) => problemsOf(instance, isProduction)),
    ...(isProduction ? placeholders(instances) : []),
  ];
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return instances as Instances<T>;
}

function problemsOf(instance: object, isProduction: boolean): string[] {
  const broken = validateSync(instance, {
    whitelist: true,
    validationError: { target: false, value: false },
    groups: [isProduction ? PRODUCTION : OUTSIDE_PRODUCTION],
    // Rules without groups hold everywhere.
    always: true,
  });
  if (broken.length > 0) return broken.flatMap(describe);
  return 'findProblems' in instance ? (instance as SelfCheckingConfig).findProblems(isProduction) : [];
}

function describe(error: ValidationError): string[] {
  return Object.values(error.constraints ?? {}).map((rule) =>
    rule.startsWith(error.property) ? rule : `${error.property}: ${rule}`,
  );
}

const placeholders = (instances: object[]): string[] =>
  instances
    .flatMap((instance) => Object.entries(instance))
    .filter(([, value]) => [value].flat().some((each) => typeof each === 'string' && isPlaceholder(each)))
    .map(([name]) => `${name} still has its placeholder; in production it needs a value of its own`);
