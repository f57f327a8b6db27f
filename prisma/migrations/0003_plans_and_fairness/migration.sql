-- AlterTable
ALTER TABLE "checkout" ADD COLUMN     "automatic_tax" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "promotion_codes" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "trial_days" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "message" ADD COLUMN     "asked_model" TEXT,
ADD COLUMN     "cached_tokens" INTEGER,
ADD COLUMN     "thought_tokens" INTEGER,
ADD COLUMN     "user_id" UUID;

-- CreateTable
CREATE TABLE "erased_daily_usage" (
    "phone_hash" BYTEA NOT NULL,
    "day" DATE NOT NULL,
    "used" INTEGER NOT NULL,

    CONSTRAINT "erased_daily_usage_pkey" PRIMARY KEY ("phone_hash","day")
);

-- CreateTable
CREATE TABLE "reply_concurrency" (
    "user_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "running" UUID[],

    CONSTRAINT "reply_concurrency_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "model_pause" (
    "model" TEXT NOT NULL,
    "failure" TEXT NOT NULL,
    "resume_at" TIMESTAMPTZ(3) NOT NULL,
    "probe_until" TIMESTAMPTZ(3),
    "pauses" INTEGER NOT NULL DEFAULT 1,
    "deferred" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "model_pause_pkey" PRIMARY KEY ("model")
);

-- CreateTable
CREATE TABLE "model_usage" (
    "user_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "model" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "calls" INTEGER NOT NULL,
    "estimated_calls" INTEGER NOT NULL DEFAULT 0,
    "prompt_tokens" BIGINT NOT NULL DEFAULT 0,
    "cached_tokens" BIGINT NOT NULL DEFAULT 0,
    "thought_tokens" BIGINT NOT NULL DEFAULT 0,
    "reply_tokens" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "model_usage_pkey" PRIMARY KEY ("user_id","day","model","purpose")
);

-- CreateTable
CREATE TABLE "erased_model_usage" (
    "day" DATE NOT NULL,
    "model" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "calls" INTEGER NOT NULL,
    "estimated_calls" INTEGER NOT NULL DEFAULT 0,
    "prompt_tokens" BIGINT NOT NULL DEFAULT 0,
    "cached_tokens" BIGINT NOT NULL DEFAULT 0,
    "thought_tokens" BIGINT NOT NULL DEFAULT 0,
    "reply_tokens" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "erased_model_usage_pkey" PRIMARY KEY ("day","model","purpose")
);

-- CreateTable
CREATE TABLE "model_call" (
    "id" UUID NOT NULL,
    "user_id" UUID,
    "model" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "prompt_tokens" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "model_call_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "erased_daily_usage_day_idx" ON "erased_daily_usage"("day");

-- CreateIndex
CREATE INDEX "model_usage_day_idx" ON "model_usage"("day");

-- CreateIndex
CREATE INDEX "model_call_started_at_idx" ON "model_call"("started_at");

-- CreateIndex
CREATE INDEX "model_call_user_id_idx" ON "model_call"("user_id");

-- A user's unfinished replies are looked up by user and, with it, by room: one index serves both.
UPDATE "message" SET "user_id" = chatroom.user_id
FROM chatroom WHERE chatroom.id = message.chatroom_id AND message.completed_at IS NULL;
CREATE INDEX "message_unfinished_by_user" ON "message"("user_id", "chatroom_id", "seq") WHERE (completed_at IS NULL);
DROP INDEX "message_unfinished_by_room";

-- AddForeignKey
ALTER TABLE "reply_concurrency" ADD CONSTRAINT "reply_concurrency_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_usage" ADD CONSTRAINT "model_usage_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_call" ADD CONSTRAINT "model_call_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what the schema can't express.

-- While the release before this one still accepts messages, its replies get their user here. To be dropped with the next
-- migration.
CREATE FUNCTION set_user_of_reply() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
  SELECT user_id INTO NEW.user_id FROM chatroom WHERE id = NEW.chatroom_id\x3B
  RETURN NEW\x3B
END';
CREATE TRIGGER message_user_of_reply BEFORE INSERT ON "message"
  FOR EACH ROW WHEN (NEW.role = 'bot' AND NEW.user_id IS NULL) EXECUTE FUNCTION set_user_of_reply();

-- What the project paid for outlives the account, without its owner's name: as a part of the very deletion, so it is counted
-- once. The rooms go first: by then no statement that ends a reply holds a row of this user and waits for the ledger's.
CREATE FUNCTION keep_usage_of_deleted_user() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
  DELETE FROM chatroom WHERE user_id = OLD.id\x3B
  WITH called AS (
    DELETE FROM model_call WHERE user_id = OLD.id
    RETURNING (started_at AT TIME ZONE ''UTC'')::date AS day, model, purpose, 1 AS calls, 1 AS estimated_calls, prompt_tokens,
              0 AS cached_tokens, 0 AS thought_tokens, 0 AS reply_tokens
  ), used AS (
    DELETE FROM model_usage WHERE user_id = OLD.id
    RETURNING day, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens
  )
  INSERT INTO erased_model_usage AS ledger
    (day, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens)
  SELECT day, model, purpose, sum(calls), sum(estimated_calls), sum(prompt_tokens), sum(cached_tokens), sum(thought_tokens),
         sum(reply_tokens)
  FROM (SELECT * FROM called UNION ALL SELECT * FROM used) AS kept
  GROUP BY day, model, purpose ORDER BY day, model, purpose
  ON CONFLICT (day, model, purpose) DO UPDATE
  SET calls = ledger.calls + EXCLUDED.calls, estimated_calls = ledger.estimated_calls + EXCLUDED.estimated_calls,
      prompt_tokens = ledger.prompt_tokens + EXCLUDED.prompt_tokens,
      cached_tokens = ledger.cached_tokens + EXCLUDED.cached_tokens,
      thought_tokens = ledger.thought_tokens + EXCLUDED.thought_tokens,
      reply_tokens = ledger.reply_tokens + EXCLUDED.reply_tokens\x3B
  RETURN OLD\x3B
END';
CREATE TRIGGER user_usage_kept BEFORE DELETE ON "user" FOR EACH ROW EXECUTE FUNCTION keep_usage_of_deleted_user();
