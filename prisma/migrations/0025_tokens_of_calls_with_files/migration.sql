-- What a call with files is sent, so that it counts should its worker die. Blocks no one for longer than the lock takes to get: a nullable column
-- changes the catalogue alone. Processes of an older release never name it; where one has claimed, the estimate of the attempt before may count.
-- AlterTable
ALTER TABLE "message" ADD COLUMN     "asked_tokens" INTEGER;
