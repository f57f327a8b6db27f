-- Apart from the index on messages: a process that holds one of the two tables may wait for the other one.
-- CreateIndex
CREATE INDEX "chatroom_changed_otherwise" ON "chatroom"("user_id", "updated_at") WHERE (updated_at > last_activity_at);
