import { IntegerVariable } from '@app/platform';

/** How the worker process is watched. */
export class WorkerConfig {
  /** The operators' port: health and `/metrics`. */
  @IntegerVariable(0, 65_535)
  WORKER_HEALTH_PORT = 8081;
}
