import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How a process ends. */
export class ProcessConfig {
  /** Milliseconds in which work in flight may finish after SIGTERM or SIGINT; then the process exits anyway. */
  @IntegerVariable(0, 600_000)
  SHUTDOWN_TIMEOUT_MS = 10_000;
}
