/**
 * The "necessary" baseline, its worker: claims a reply with the conversation before it, has the model stream the answer, publishes
 * each piece to readers, and stores the end with what it used. No lease, deadline, retry, fairness, cancellation or recovery.
 */
import { createServer } from 'node:http';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

const env = /** @type {Record<string, string>} */ (process.env);
const pool = new pg.Pool({ connectionString: env['DATABASE_URL'], max: 20 });
const connection = { host: env['REDIS_HOST'], port: Number(env['REDIS_PORT']), maxRetriesPerRequest: null };
const redis = new Redis(connection);

const CLAIM = {
  name: 'claim',
  text: `
    WITH claimed AS (
      UPDATE necessary_message SET status = 'generating', attempt = attempt + 1 WHERE id = $1 AND status = 'queued'
      RETURNING room_id, seq, attempt
    )
    SELECT attempt, (
      SELECT json_agg(turn ORDER BY seq) FROM (
        SELECT role, content, seq FROM necessary_message
        WHERE room_id = claimed.room_id AND seq < claimed.seq ORDER BY seq DESC LIMIT 41
      ) turn) AS turns
    FROM claimed`,
};

const FINISH = {
  name: 'finish',
  text: `
    WITH finished AS (
      UPDATE necessary_message SET status = 'completed', content = $3, tokens = $4, completed_at = now()
      WHERE id = $1 AND attempt = $2 AND status = 'generating'
      RETURNING user_id
    )
    INSERT INTO necessary_model_usage AS known SELECT user_id, current_date, 1, $4 FROM finished
    ON CONFLICT (user_id, day) DO UPDATE SET calls = known.calls + 1, tokens = known.tokens + EXCLUDED.tokens`,
};

/** @param {{role: string, content: string}[]} turns */
async function* ask(turns) {
  const contents = turns.map(({ role, content }) => ({
    role: role === 'bot' ? 'model' : 'user',
    parts: [{ text: content }],
  }));
  const url = `${env['GEMINI_BASE_URL']}/v1beta/models/gemini-flash-latest:streamGenerateContent?alt=sse`;
  const headers = { 'content-type': 'application/json', 'x-goog-api-key': 'bench' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ contents }) });
  if (!response.ok || response.body === null) throw new Error(`The model answered ${response.status}`);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length));
  }
}

/** @param {{data: {id: string}}} job */
async function answer({ data: { id } }) {
  const { rows } = await pool.query({ ...CLAIM, values: [id] });
  if (rows.length === 0) return;
  const [{ attempt, turns }] = rows;
  let text = '';
  let tokens = 0;
  for await (const { candidates, usageMetadata } of ask(turns)) {
    const piece = candidates?.[0]?.content?.parts?.[0]?.text ?? '';
    text += piece;
    tokens = usageMetadata?.totalTokenCount ?? tokens;
    void redis.publish(`necessary:${id}`, JSON.stringify(piece));
  }
  await pool.query({ ...FINISH, values: [id, attempt, text, tokens] });
  void redis.publish(`necessary:${id}`, 'done');
}

await new Worker('necessary', answer, {
  connection,
  concurrency: Number(env['WORKER_CONCURRENCY']),
}).waitUntilReady();
createServer((_, response) => response.end('{}')).listen(Number(env['WORKER_HEALTH_PORT']), '127.0.0.1');
