-- In place of the index on (reply_to, seq): for the variants of a reply, and for what a deleted message takes with it, both of
-- which are found by room from now on. Concurrently: no one waits for it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "message_chatroom_id_reply_to_seq_idx" ON "message"("chatroom_id", "reply_to", "seq");
