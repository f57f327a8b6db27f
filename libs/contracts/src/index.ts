export { MESSAGE_QUEUE, REPLY_JOB, REPLY_JOB_VERSION, type ReplyJob } from './reply-job.js';
export { cancelChannel, replyChannel, replyLogKey, type ReplySignal } from './reply-stream.js';
