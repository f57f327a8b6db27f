import { IsIn } from 'class-validator';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What is worth a log line. */
export class LoggingConfig {
  /** The least severe level that is written. */
  @IsIn(LEVELS)
  LOG_LEVEL: (typeof LEVELS)[number] = 'info';
}
