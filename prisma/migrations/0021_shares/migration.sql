-- Blocks no one: a new table, which nothing reads yet. The foreign keys have no row to check; adding them holds "user" and "chatroom" against
-- other changes of their definition, and against writes, for a moment only, and reading goes on.
-- CreateTable
CREATE TABLE "share" (
    "id" UUID NOT NULL,
    "token" TEXT NOT NULL,
    "chatroom_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "title" TEXT,
    "seqs" INTEGER[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "share_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "share_token_key" ON "share"("token");

-- CreateIndex
CREATE INDEX "share_chatroom_id_id_idx" ON "share"("chatroom_id", "id");

-- CreateIndex
CREATE INDEX "share_user_id_id_idx" ON "share"("user_id", "id");

-- AddForeignKey
ALTER TABLE "share" ADD CONSTRAINT "share_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "share" ADD CONSTRAINT "share_chatroom_id_fkey" FOREIGN KEY ("chatroom_id") REFERENCES "chatroom"("id") ON DELETE CASCADE ON UPDATE CASCADE;
