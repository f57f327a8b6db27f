export { BILLING_JOB, BILLING_JOB_VERSION, BILLING_QUEUE, type BillingJob } from './billing-job.js';
export { MESSAGE_QUEUE, REPLY_JOB, REPLY_JOB_VERSION, type ReplyJob } from './reply-job.js';
export { cancelChannel, replyChannel, replyLogKey, type ReplySignal } from './reply-stream.js';
