import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

const toNumber = () => Transform(({ value }) => Number(value));

/** How a worker works. */
export class ReplyWorkerConfig {
  /** Replies that one worker writes at once. Nearly all of that is waiting for the network. */
  @toNumber()
  @IsInt()
  @Min(1)
  @Max(1_000)
  WORKER_CONCURRENCY = 50;

  /** How many tokens of earlier conversation the model is shown at most. */
  @toNumber()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  HISTORY_TOKEN_BUDGET = 32_000;
}
