-- Which process does what only one is to do at a time, such as exporting the metrics of what all processes share. A new table that nothing
-- references: creating it blocks no one.
-- CreateTable
CREATE TABLE "process_lease" (
    "name" TEXT NOT NULL,
    "holder" UUID NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "process_lease_pkey" PRIMARY KEY ("name")
);
