-- Columns get the field's standard terms.
ALTER TABLE "message" RENAME COLUMN "fence" TO "attempt";
ALTER TABLE "message" RENAME COLUMN "ring_at" TO "next_enqueue_at";
ALTER TABLE "stripe_event" RENAME COLUMN "ring_at" TO "next_enqueue_at";
ALTER TABLE "stripe_cancellation" RENAME COLUMN "ring_at" TO "next_enqueue_at";
ALTER INDEX "stripe_cancellation_ring_at_idx" RENAME TO "stripe_cancellation_next_enqueue_at_idx";
ALTER TABLE "subscription" RENAME COLUMN "fence" TO "fencing_token";

-- The database's clock, by a name that Prisma leaves to the database: CURRENT_TIMESTAMP it replaces by the process's time.
ALTER TABLE "stripe_event" ALTER COLUMN "received_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "stripe_event" ALTER COLUMN "next_enqueue_at" SET DEFAULT transaction_timestamp();

-- The indexes of unfinished replies get predicates that a condition on `status` doesn't imply. ANALYZE nearly always finds
-- such an index empty; the planner would then prefer scanning it whole to the primary key, at a cost that grows with the
-- backlog. Without `status` in a predicate, claims and releases are HOT updates, too.
DROP INDEX "message_unfinished_by_room";
DROP INDEX "message_unfinished_by_ring";
UPDATE "message" SET "next_enqueue_at" = NULL WHERE "completed_at" IS NOT NULL AND "next_enqueue_at" IS NOT NULL;
CREATE INDEX "message_unfinished_by_room" ON "message"("chatroom_id", "seq") WHERE (completed_at IS NULL);
CREATE INDEX "message_due_for_sweep" ON "message"("next_enqueue_at") WHERE (next_enqueue_at IS NOT NULL);

-- The same for Stripe's events: a condition on `processed_at` doesn't imply this predicate.
DROP INDEX "stripe_event_unprocessed";
ALTER TABLE "stripe_event" ALTER COLUMN "next_enqueue_at" DROP NOT NULL;
UPDATE "stripe_event" SET "next_enqueue_at" = NULL WHERE "processed_at" IS NOT NULL;
CREATE INDEX "stripe_event_due_for_sweep" ON "stripe_event"("next_enqueue_at") WHERE (next_enqueue_at IS NOT NULL);

-- By hand: what the schema can't express.

-- The indexes above take a message for unfinished by these two columns, so they must agree with its status.
ALTER TABLE "message" ADD CONSTRAINT "message_finished_has_time" CHECK (
  (completed_at IS NULL) = (status IN ('queued', 'generating')) AND (completed_at IS NULL OR next_enqueue_at IS NULL)
);

-- A share of the table, autovacuum's default, lets the dead rows of millions of messages gather before it comes.
ALTER TABLE "message" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE "chatroom" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
