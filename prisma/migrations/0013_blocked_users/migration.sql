-- Blocks no one: a column without a default changes the catalogue alone, no row is read or written. The lock on the table lasts a moment.
-- AlterTable
ALTER TABLE "user" ADD COLUMN     "blocked_at" TIMESTAMPTZ(3);
