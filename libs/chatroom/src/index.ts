export { ChatroomTitles } from './chatroom-titles.js';
export { ChatroomModule } from './chatroom.module.js';
export { Conversation, type Turn } from './conversation.js';
export type { ReplyErrorCode } from './message.row.js';
export { type DueReply, ReplyBell } from './reply-bell.js';
export { ReplyEngineModule } from './reply-engine.module.js';
export { ReplyLog, ReplyLogWriter } from './reply-log.js';
export { ReplyConfig } from './reply.config.js';
export { type ClaimedReply, type FinalReply, ReplyStore } from './reply.store.js';
