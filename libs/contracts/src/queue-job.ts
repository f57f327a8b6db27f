/** What every job carries besides what it is about. Never text: ids only. */
export interface QueueJob {
  /** Raised when the payload changes its meaning; a worker drops versions that it does not know. */
  v: number;
  /** The request that caused the job, for the logs. */
  requestId?: string;
  /** The span that enqueued it, as W3C's `traceparent`, while traces are exported. */
  traceParent?: string;
}

/** A queue as producers and workers agree on it. */
export interface QueueContract {
  /** BullMQ's name of the queue. */
  queue: string;
  /** The name of the one kind of job on it. */
  job: string;
  /** The version of the payload. */
  version: number;
}
