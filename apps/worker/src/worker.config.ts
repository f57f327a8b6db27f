import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** How the worker process is watched. */
export class WorkerConfig {
  /** The operators' port: health and `/metrics`. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(65_535)
  WORKER_HEALTH_PORT = 8081;
}
