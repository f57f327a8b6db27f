-- The release before finds messages by their id alone, which the primary key does no longer. Concurrently: no one waits for it.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "message_id_key" ON "message"("id");
