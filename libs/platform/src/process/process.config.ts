import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** How a process ends. */
export class ProcessConfig {
  /** Milliseconds in which work in flight may finish after SIGTERM or SIGINT; then the process exits anyway. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(600_000)
  SHUTDOWN_TIMEOUT_MS = 10_000;
}
