-- What becomes the primary key. Concurrently, so no one waits for it; alone in its file, since that can't be a part of a transaction.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "message_chatroom_id_id_key" ON "message"("chatroom_id", "id");
