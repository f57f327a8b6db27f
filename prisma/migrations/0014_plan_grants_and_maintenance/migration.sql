-- Blocks no one: new tables, which nothing reads yet. The foreign key has no row to check; adding it holds "user" against other changes of
-- its rows for a moment only, and reading goes on.
-- CreateTable
CREATE TABLE "plan_grant" (
    "user_id" UUID NOT NULL,
    "plan" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "granted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plan_grant_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "maintenance" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retry_after_seconds" INTEGER NOT NULL,

    CONSTRAINT "maintenance_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "maintenance_one_row" CHECK ("id" = 1)
);

-- CreateIndex
CREATE INDEX "plan_grant_expires_at_idx" ON "plan_grant"("expires_at");

-- AddForeignKey
ALTER TABLE "plan_grant" ADD CONSTRAINT "plan_grant_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;
