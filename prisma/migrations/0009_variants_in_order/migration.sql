-- A page of variants ends where it is full: with their order in the index, PostgreSQL doesn't read and sort all of them first.
-- Built before the other one is dropped: dropping locks out readers too, until the transaction of this migration ends.
-- CreateIndex
CREATE INDEX "message_reply_to_seq_idx" ON "message"("reply_to", "seq");

-- DropIndex
DROP INDEX "message_reply_to_idx";
