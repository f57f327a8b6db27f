/** What tests alone need of rooms and messages: `@app/chatroom/testing`. The product may not import it. */
export { MessageStore } from './messages/message.store.js';
export { ReplyCancellationStore } from './replies/reply-cancellation.store.js';
export { ReplyOrderStore } from './replies/reply-order.store.js';
export { ReplyCancellationService } from './replies/reply-cancellation.service.js';
export { RoomDeletionService } from './replies/room-deletion.service.js';
export { RoomDeletionStore } from './replies/room-deletion.store.js';
export { ChatroomNotFoundError } from './rooms/chatroom.errors.js';
export { ChatroomService } from './rooms/chatroom.service.js';
export { ChatroomStore } from './rooms/chatroom.store.js';
export { readIdempotencyKey } from './sending/idempotency-key.js';
export { MessageAcceptanceStore } from './sending/message-acceptance.store.js';
export { ReplyLogStore, type ReplyLogWriter } from './streams/reply-log.store.js';
export { parsePosition } from './streams/reply-position.js';
export { ReplyReaderService } from './streams/reply-reader.service.js';
export type { ReplySink } from './streams/reply-reader.js';
export type { ReplyEvent } from './streams/stream-event.js';
export { ReplySignalService } from './streams/reply-signal.service.js';
export { ReplyStreamService } from './streams/reply-stream.service.js';
