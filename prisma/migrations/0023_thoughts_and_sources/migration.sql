-- Thoughts and sources of replies. Blocks no one for longer than the locks take to get: columns that are nullable, or whose default is a constant,
-- change the catalogue alone, no row is read or written. Processes of an older release never name them.
-- AlterTable
ALTER TABLE "chatroom" ADD COLUMN     "search" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "show_thoughts" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "message" ADD COLUMN     "grounding" JSONB,
ADD COLUMN     "thoughts" TEXT;

-- AlterTable
ALTER TABLE "model_usage" ADD COLUMN     "searches" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "erased_model_usage" ADD COLUMN     "searches" BIGINT NOT NULL DEFAULT 0;
