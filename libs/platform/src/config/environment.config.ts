import { IsIn } from 'class-validator';

const ENVIRONMENTS = ['production', 'development', 'test'] as const;

/**
 * The group of validation rules that hold in production alone: `@IsNotIn(['log'], { groups: [PRODUCTION] })`. A rule without
 * groups holds everywhere.
 */
export const PRODUCTION = 'production';

/** The group of rules that hold everywhere but in production. */
export const OUTSIDE_PRODUCTION = 'outside production';

/** Which rules the configuration has to follow. Read by `loadConfig` alone; classes say what differs by groups of rules. */
export class EnvironmentConfig {
  /**
   * `production` refuses what is only for development: codes in answers and logs, the sandbox, public and guessable secrets,
   * `http:` addresses of services. `development` and `test` allow it.
   */
  @IsIn(ENVIRONMENTS)
  NODE_ENV: (typeof ENVIRONMENTS)[number] = 'production';
}
