-- In its place there is the index on (chatroom_id, reply_to, seq). Concurrently: no one waits for it.
DROP INDEX CONCURRENTLY IF EXISTS "message_reply_to_seq_idx";
