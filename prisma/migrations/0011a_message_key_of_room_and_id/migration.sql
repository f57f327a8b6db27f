-- Blocks no one for longer than it takes to change the catalogue: the new key's index is there, its columns are NOT NULL already,
-- and the next migration looks at the rows for the foreign keys. Tables are locked in the order in which statements use them.
-- allow ban-lock-table: nothing that follows reads a row, and without it a statement that holds one of the tables could deadlock
LOCK TABLE "message", "idempotency_key" IN ACCESS EXCLUSIVE MODE;

-- DropForeignKey
ALTER TABLE "idempotency_key" DROP CONSTRAINT "idempotency_key_reply_id_fkey";
ALTER TABLE "message" DROP CONSTRAINT "message_reply_to_fkey";

-- AlterTable
ALTER TABLE "message" DROP CONSTRAINT "message_pkey",
ADD CONSTRAINT "message_pkey" PRIMARY KEY USING INDEX "message_chatroom_id_id_key";
-- Null where the release before writes a key, which then holds its reply no longer: docs/scaling.md.
ALTER TABLE "idempotency_key" ADD COLUMN     "chatroom_id" UUID;

-- AddForeignKey
ALTER TABLE "message" ADD CONSTRAINT "message_chatroom_id_reply_to_fkey" FOREIGN KEY ("chatroom_id", "reply_to") REFERENCES "message"("chatroom_id", "id") ON DELETE CASCADE ON UPDATE CASCADE NOT VALID;
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_chatroom_id_reply_id_fkey" FOREIGN KEY ("chatroom_id", "reply_id") REFERENCES "message"("chatroom_id", "id") ON DELETE CASCADE ON UPDATE CASCADE NOT VALID;
