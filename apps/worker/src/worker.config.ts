import { IntegerVariable, SecretVariable } from '@app/platform';
import { IsOptional } from 'class-validator';

/** How the worker process is watched. */
export class WorkerConfig {
  /**
   * The operators' port, at `METRICS_HOST`: health and `/metrics`. One that is taken keeps the process from starting; 0 takes
   * any free one, which the log names.
   */
  @IntegerVariable(0, 65_535)
  WORKER_HEALTH_PORT = 8081;

  /** Shows the queues' pages at `/queues` of the operators' port, to whoever knows this password (16 characters at least). Without it: there are none. */
  @IsOptional()
  @SecretVariable({ minLength: 16 })
  BULL_BOARD_PASSWORD?: string;
}
