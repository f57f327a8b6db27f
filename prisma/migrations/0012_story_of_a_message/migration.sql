-- The request that led to a reply, and its place in a trace, so that logs and traces of a worker name them whoever brought the reply there.
-- Blocks no one for longer than the lock takes to get: nullable columns without a default change the catalogue alone, no row is read or
-- written. Processes of an older release never name them.
-- AlterTable
ALTER TABLE "message" ADD COLUMN     "request_id" TEXT,
ADD COLUMN     "trace_parent" TEXT;
