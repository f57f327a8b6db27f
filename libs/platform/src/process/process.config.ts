import { IsOptional } from 'class-validator';
import { DefaultOutsideProduction } from '../config/default-outside-production.decorator.js';
import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How a process ends. */
export class ProcessConfig {
  /**
   * Milliseconds in which work in flight may finish after SIGTERM or SIGINT; then the process exits anyway. Blank: as long as that may
   * take. For the API 10 s, for a worker one whole call of the model (`GEMINI_CALL_TIMEOUT_MS`) and 10 s more, so that no answer begins
   * anew. With `NODE_ENV=development` or `test` blank is 10 s for both.
   */
  @DefaultOutsideProduction(() => '10000')
  @IsOptional()
  @IntegerVariable(0, 3_700_000)
  SHUTDOWN_TIMEOUT_MS?: number;
}
