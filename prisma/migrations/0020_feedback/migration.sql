-- What the owner of a reply thinks of it. Blocks no one for longer than the lock takes to get: a nullable column without a default changes
-- the catalogue alone, no row is read or written. Processes of an older release never name it.
-- AlterTable
ALTER TABLE "message" ADD COLUMN     "feedback" JSONB;
