-- Files of users, their bytes, and the bytes that are to be removed. Blocks no one: new tables, which nothing reads yet. The foreign key has
-- no row to check; adding it holds "user" against other changes of its rows for a moment only, and reading goes on.
-- CreateTable
CREATE TABLE "file" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "store" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "delete_after" TIMESTAMPTZ(3),

    CONSTRAINT "file_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "file_chunk" (
    "file_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,

    CONSTRAINT "file_chunk_pkey" PRIMARY KEY ("file_id","position")
);

-- CreateTable
CREATE TABLE "file_removal" (
    "file_id" UUID NOT NULL,
    "store" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "file_removal_pkey" PRIMARY KEY ("file_id")
);

-- CreateIndex
CREATE INDEX "file_user_id_idx" ON "file"("user_id");

-- CreateIndex
CREATE INDEX "file_unused" ON "file"("delete_after") WHERE (delete_after IS NOT NULL);

-- CreateIndex
CREATE INDEX "file_removal_due_at_idx" ON "file_removal"("due_at");

-- AddForeignKey
ALTER TABLE "file" ADD CONSTRAINT "file_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what the schema can't express.

-- Kept as they are: most files are compressed already, and a part of a value that isn't compressed is read without the rest.
ALTER TABLE "file_chunk" ALTER COLUMN "data" SET STORAGE EXTERNAL;

-- The bytes of a file are removed whatever has deleted its row: its owner, the erasure of the account, the sweep. Only here no way of
-- deleting can forget them. (\x3B is the semicolon, at which the engine that applies migrations would cut even inside of quotes.)
CREATE FUNCTION remove_bytes_of_deleted_file() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
  INSERT INTO file_removal (file_id, store, due_at) VALUES (OLD.id, OLD.store, now())
  ON CONFLICT (file_id) DO UPDATE SET due_at = excluded.due_at\x3B
  RETURN NULL\x3B
END';
CREATE TRIGGER file_deleted AFTER DELETE ON "file" FOR EACH ROW EXECUTE FUNCTION remove_bytes_of_deleted_file();
