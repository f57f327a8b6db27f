import { IntegerVariable } from '@app/platform';

/** How a worker works. */
export class ReplyWorkerConfig {
  /** Replies that one worker writes at once. Nearly all of that is waiting for the network. */
  @IntegerVariable(1, 1_000)
  WORKER_CONCURRENCY = 50;
}
