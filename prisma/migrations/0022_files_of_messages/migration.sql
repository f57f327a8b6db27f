-- Which messages have which files. Blocks no one: a new table, which nothing reads yet, and new columns without a value to compute. The foreign keys
-- have no row to check; adding them holds "message" and "file" against writes for a moment only, and reading goes on.
-- AlterTable
ALTER TABLE "file" ADD COLUMN     "tokens" JSONB NOT NULL DEFAULT '{}';

-- AlterTable
ALTER TABLE "message" ADD COLUMN     "files" JSONB;

-- CreateTable
CREATE TABLE "message_file" (
    "chatroom_id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "file_id" UUID NOT NULL,

    CONSTRAINT "message_file_pkey" PRIMARY KEY ("chatroom_id","message_id","file_id")
);

-- CreateIndex
CREATE INDEX "message_file_file_id_idx" ON "message_file"("file_id");

-- AddForeignKey
ALTER TABLE "message_file" ADD CONSTRAINT "message_file_chatroom_id_message_id_fkey" FOREIGN KEY ("chatroom_id", "message_id") REFERENCES "message"("chatroom_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "message_file" ADD CONSTRAINT "message_file_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "file"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what the schema can't express.

-- A file that no message has any more is deleted, whatever has deleted the last one: the deletion of its room, the erasure of the account. The
-- file's row is locked first, and looked at by a statement of its own, which sees what others have committed meanwhile: so of two that
-- delete the last two messages with a file one deletes it, and a message that gets the file in this moment keeps it. (\x3B is the
-- semicolon, at which the engine that applies migrations would cut even inside of quotes.)
CREATE FUNCTION release_file_of_deleted_message() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
  PERFORM FROM file WHERE id = OLD.file_id FOR NO KEY UPDATE\x3B
  UPDATE file SET delete_after = now()
  WHERE id = OLD.file_id AND NOT EXISTS (SELECT FROM message_file WHERE file_id = OLD.file_id)\x3B
  RETURN NULL\x3B
END';
CREATE TRIGGER message_file_deleted AFTER DELETE ON "message_file" FOR EACH ROW EXECUTE FUNCTION release_file_of_deleted_message();
