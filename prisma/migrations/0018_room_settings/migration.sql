-- Blocks no one: new columns without a default, which no row has to be written for.
-- AlterTable
ALTER TABLE "chatroom" ADD COLUMN "max_output_tokens" INTEGER,
ADD COLUMN "temperature" DOUBLE PRECISION,
ADD COLUMN "thinking" TEXT;
