-- AlterTable
ALTER TABLE "session" ADD COLUMN     "refresh_repeated_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "audit_event" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "action" TEXT NOT NULL,
    "user_id" UUID,
    "session_id" UUID,
    "address_hash" BYTEA,
    "request_id" TEXT,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_event_user_id_at_idx" ON "audit_event"("user_id", "at");

-- CreateIndex
CREATE INDEX "audit_event_at_idx" ON "audit_event"("at");

-- By hand: what the schema can't express.
-- Whose a message is stood on replies alone, so far. The previous release goes on writing questions without it while processes
-- are replaced; the trigger fills it in for those, and can be dropped with the next release. The next migration fills it in for
-- what was written before: in a transaction of its own, which sees all that was written without this trigger, and which locks
-- no table against writers.
DROP TRIGGER message_user_of_reply ON message;
CREATE TRIGGER message_user BEFORE INSERT ON message
  FOR EACH ROW WHEN (NEW.user_id IS NULL) EXECUTE FUNCTION set_user_of_reply();
