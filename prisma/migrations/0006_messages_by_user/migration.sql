-- Apart from what fills the column: whoever waits for a row of that one would hold up this lock, and be held up by it.
-- CreateIndex
CREATE INDEX "message_user_id_id_idx" ON "message"("user_id", "id");
