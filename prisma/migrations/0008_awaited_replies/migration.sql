-- AlterTable
ALTER TABLE "message" ADD COLUMN     "awaited" BOOLEAN NOT NULL DEFAULT false;
