import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';

/** The environment does not describe a runnable process. The message names variables and rules, never values. */
export class ConfigError extends Error {
  /** @param problems one line for each broken rule, beginning with the variable's name */
  constructor(readonly problems: string[]) {
    super(`Invalid configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads classes whose properties are named like environment variables and carry class-validator rules.
 * An empty variable counts as absent, so that a line of `.env` can be left blank to get the default.
 *
 * @throws ConfigError with the problems of all classes together
 */
export function loadConfig(classes: Type<object>[], env: NodeJS.ProcessEnv = process.env): object[] {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const instances = classes.map((type) =>
    plainToInstance(type, present, { enableImplicitConversion: false, exposeDefaultValues: true }),
  );
  const problems = instances.flatMap((instance) =>
    validateSync(instance, { skipMissingProperties: false, validationError: { target: false, value: false } }),
  );
  if (problems.length > 0) throw new ConfigError([...new Set(problems.flatMap(describe))]);
  return instances;
}

function describe(error: ValidationError): string[] {
  return Object.values(error.constraints ?? {}).map((rule) =>
    rule.startsWith(error.property) ? rule : `${error.property}: ${rule}`,
  );
}
