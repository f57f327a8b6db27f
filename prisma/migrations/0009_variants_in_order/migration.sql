-- A page of variants ends where it is full: with their order in the index, PostgreSQL doesn't read and sort all of them first.
-- DropIndex
DROP INDEX "message_reply_to_idx";

-- CreateIndex
CREATE INDEX "message_reply_to_seq_idx" ON "message"("reply_to", "seq");
