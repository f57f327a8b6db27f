import { IntegerVariable } from '@app/platform';

/** How the worker process is watched. */
export class WorkerConfig {
  /**
   * The operators' port, at `METRICS_HOST`: health and `/metrics`. One that is taken keeps the process from starting; 0 takes
   * any free one, which the log names.
   */
  @IntegerVariable(0, 65_535)
  WORKER_HEALTH_PORT = 8081;
}
