-- Without a scan or a new version of any row: the default is a constant.
-- AlterTable
ALTER TABLE "message" ADD COLUMN     "awaited" BOOLEAN NOT NULL DEFAULT false;
