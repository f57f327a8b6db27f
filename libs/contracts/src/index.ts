export { BILLING_QUEUE, type BillingJob } from './billing-job.js';
export { MODEL_NAME } from './model-name.js';
export type { QueueContract, QueueJob } from './queue-job.js';
export { REPLY_QUEUE, type ReplyJob } from './reply-job.js';
export {
  cancelChannel,
  replyChannel,
  replyLogKey,
  type ReplySignal,
  thoughtLogKey,
  type WrittenKind,
} from './reply-stream.js';
