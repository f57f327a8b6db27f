-- By hand: what the schema can't express. What the searches of an account cost outlives it, as its tokens do (0003). Blocks no one: the function
-- is replaced, no table is touched. Processes of an older release only delete accounts, which calls it.
CREATE OR REPLACE FUNCTION keep_usage_of_deleted_user() RETURNS trigger LANGUAGE plpgsql AS E'
BEGIN
  DELETE FROM chatroom WHERE user_id = OLD.id\x3B
  WITH called AS (
    DELETE FROM model_call WHERE user_id = OLD.id
    RETURNING (started_at AT TIME ZONE ''UTC'')::date AS day, model, purpose, 1 AS calls, 1 AS estimated_calls, prompt_tokens,
              0 AS cached_tokens, 0 AS thought_tokens, 0 AS reply_tokens, 0 AS searches
  ), used AS (
    DELETE FROM model_usage WHERE user_id = OLD.id
    RETURNING day, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches
  )
  INSERT INTO erased_model_usage AS ledger
    (day, model, purpose, calls, estimated_calls, prompt_tokens, cached_tokens, thought_tokens, reply_tokens, searches)
  SELECT day, model, purpose, sum(calls), sum(estimated_calls), sum(prompt_tokens), sum(cached_tokens), sum(thought_tokens),
         sum(reply_tokens), sum(searches)
  FROM (SELECT * FROM called UNION ALL SELECT * FROM used) AS kept
  GROUP BY day, model, purpose ORDER BY day, model, purpose
  ON CONFLICT (day, model, purpose) DO UPDATE
  SET calls = ledger.calls + EXCLUDED.calls, estimated_calls = ledger.estimated_calls + EXCLUDED.estimated_calls,
      prompt_tokens = ledger.prompt_tokens + EXCLUDED.prompt_tokens,
      cached_tokens = ledger.cached_tokens + EXCLUDED.cached_tokens,
      thought_tokens = ledger.thought_tokens + EXCLUDED.thought_tokens,
      reply_tokens = ledger.reply_tokens + EXCLUDED.reply_tokens,
      searches = ledger.searches + EXCLUDED.searches\x3B
  RETURN OLD\x3B
END';
