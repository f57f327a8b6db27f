-- Locks no table against writers: the updates lock rows that hardly anyone writes (keys of one day at most, users who wait for an
-- answer just now), and a foreign key is validated beside writers.
-- By hand: what the schema can't express.
-- allow ban-whole-table-write: only of those whose reply is being written just now
UPDATE "reply_concurrency" SET "rooms_version" = NULL
WHERE "rooms_version" IS DISTINCT FROM "version"
  AND "user_id" IN (SELECT "user_id" FROM "message" WHERE "completed_at" IS NULL AND "status" = 'generating');
-- allow ban-whole-table-write: keys are kept for a day, and only deleted afterwards
UPDATE "idempotency_key" SET "chatroom_id" = "message"."chatroom_id"
FROM "message" WHERE "message"."id" = "idempotency_key"."reply_id" AND "idempotency_key"."chatroom_id" IS NULL;
ALTER TABLE "idempotency_key" VALIDATE CONSTRAINT "idempotency_key_chatroom_id_reply_id_fkey";
ALTER TABLE "message" VALIDATE CONSTRAINT "message_chatroom_id_reply_to_fkey";
