import { IsString, Matches } from 'class-validator';

/** Where operators watch a process: of the API `METRICS_PORT`, of the worker `WORKER_HEALTH_PORT`. */
export class OperationsConfig {
  /**
   * The address on which the operators' port listens. It tells without a token what runs here and which dependency is down, so
   * by default only this machine reaches it. The images set `0.0.0.0`: there the container's network decides.
   */
  @IsString()
  @Matches(/^\S+$/)
  METRICS_HOST = '127.0.0.1';
}
