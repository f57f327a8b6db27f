/**
 * The "necessary" baseline, its API: what a request can't do without, in the least code on the same libraries. The token and its
 * session are checked, the rate is limited, one statement stores message and reply with quota, idempotency and order, and a list
 * is never stale. There is no validation, no refusal worth reading, no header, no log, no metric and no recovery.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Queue } from 'bullmq';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

const env = /** @type {Record<string, string>} */ (process.env);
const pool = new pg.Pool({ connectionString: env['DATABASE_URL'], max: 20 });
const connection = { host: env['REDIS_HOST'], port: Number(env['REDIS_PORT']), maxRetriesPerRequest: null };
const redis = new Redis(connection);
const subscriber = new Redis(connection);
const queue = new Queue('necessary', { connection });

/** @typedef {{userId: string, sessionId: string}} Caller */
/** @typedef {{Params: {room: string}, Body: {content: string}}} SendRoute */

// ── Who asks ──

/** Sessions that were ended while tokens of theirs may be in use. @type {Set<string>} */
const revoked = new Set();
await subscriber.subscribe('session:revoked');
subscriber.on('message', (_, sessionId) => void revoked.add(sessionId));
setInterval(async () => {
  const { rows } = await pool.query("SELECT id FROM revoked_session WHERE revoked_at > now() - interval '1 minute'");
  for (const { id } of rows) revoked.add(id);
}, 2_000);

/** @param {string} [authorization] @returns {Caller} */
function authenticate(authorization = '') {
  const [header = '', payload = '', signature = ''] = authorization.slice('Bearer '.length).split('.');
  const expected = createHmac('sha256', env['JWT_SECRET'] ?? '')
    .update(`${header}.${payload}`)
    .digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unauthorized();
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const valid = claims.typ === 'access' && claims.iss === 'gemini-chat-backend' && claims.exp * 1000 > Date.now();
  if (!valid || revoked.has(claims.sid)) throw unauthorized();
  return { userId: claims.sub, sessionId: claims.sid };
}

const unauthorized = () => Object.assign(new Error('Unauthorized'), { statusCode: 401 });

redis.defineCommand('countRequest', {
  numberOfKeys: 1,
  lua: `local hits = redis.call('INCR', KEYS[1])
        if hits == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end
        return {hits, redis.call('PTTL', KEYS[1])}`,
});

/** @param {Caller} caller @param {string} kind */
async function limit(caller, kind) {
  const counting = /** @type {Redis & {countRequest: (key: string) => Promise<[number, number]>}} */ (redis);
  const [hits] = await counting.countRequest(`necessary:rate:${kind}:${caller.userId}`);
  if (hits > 1_000_000) throw Object.assign(new Error('Too many requests'), { statusCode: 429 });
}

// ── What is asked ──

const SEND = {
  name: 'send',
  text: `
    WITH room AS (
      UPDATE necessary_room SET last_seq = last_seq + 2, last_activity_at = now() WHERE id = $1 AND user_id = $2
      RETURNING last_seq
    ), spent AS (
      INSERT INTO necessary_daily_usage AS known SELECT $2, current_date, 1 FROM room
      ON CONFLICT (user_id, day) DO UPDATE SET used = known.used + 1 WHERE known.used < 1000000
      RETURNING used
    ), question AS (
      INSERT INTO necessary_message (id, room_id, user_id, seq, role, status, content, completed_at)
      SELECT $3, $1, $2, last_seq - 1, 'user', 'completed', $5, now() FROM room, spent
    ), reply AS (
      INSERT INTO necessary_message (id, room_id, user_id, seq, role, status, content, reply_to)
      SELECT $4, $1, $2, last_seq, 'bot', 'queued', '', $3 FROM room, spent
    ), remembered AS (
      INSERT INTO necessary_idempotency_key (user_id, key, reply_id) SELECT $2, $6, $4 FROM spent
    )
    SELECT used FROM spent`,
};

const READ = {
  name: 'read',
  text: `
    SELECT title, created_at, (
      SELECT json_agg(page) FROM (
        SELECT id, role, status, content, created_at, completed_at, reply_to, tokens FROM necessary_message
        WHERE room_id = $1 ORDER BY seq DESC LIMIT 50
      ) page) AS messages
    FROM necessary_room WHERE id = $1 AND user_id = $2`,
};

const LIST_VERSION = {
  name: 'list_version',
  text: `
    SELECT md5(string_agg(id::text || last_activity_at, ',')) AS version FROM (
      SELECT id, last_activity_at FROM necessary_room WHERE user_id = $1 ORDER BY last_activity_at DESC LIMIT 50
    ) page`,
};

const LIST = {
  name: 'list',
  text: `
    SELECT id, title, created_at, last_activity_at FROM necessary_room
    WHERE user_id = $1 ORDER BY last_activity_at DESC LIMIT 50`,
};

/** @param {import('fastify').FastifyRequest<SendRoute>} request @param {string} id @param {string} replyId */
async function send(request, id, replyId) {
  const caller = authenticate(request.headers.authorization);
  await limit(caller, 'send');
  const { content } = request.body;
  const values = [request.params.room, caller.userId, id, replyId, content, request.headers['idempotency-key']];
  await pool.query({ ...SEND, values });
  await queue.add('reply', { id: replyId }, { removeOnComplete: true, removeOnFail: true });
  return { message: { id, content }, reply: { id: replyId } };
}

/** Replies whose text is being followed. @type {Map<string, (event: string) => void>} */
const followed = new Map();
subscriber.on('message', (channel, event) => followed.get(channel)?.(event));

const app = Fastify();

app.post('/room/:room/message', async (/** @type {import('fastify').FastifyRequest<SendRoute>} */ request, reply) =>
  reply.code(202).send(await send(request, uuidv7(), uuidv7())),
);

app.post(
  '/room/:room/message/stream',
  async (/** @type {import('fastify').FastifyRequest<SendRoute>} */ request, reply) => {
    const replyId = uuidv7();
    const channel = `necessary:${replyId}`;
    followed.set(channel, (event) => {
      reply.raw.write(`data: ${event}\n\n`);
      if (event !== 'done') return;
      reply.raw.end();
      followed.delete(channel);
      void subscriber.unsubscribe(channel);
    });
    await subscriber.subscribe(channel);
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write(`data: ${JSON.stringify(await send(request, uuidv7(), replyId))}\n\n`);
  },
);

app.get('/room/:room', async (/** @type {import('fastify').FastifyRequest<SendRoute>} */ request) => {
  const caller = authenticate(request.headers.authorization);
  await limit(caller, 'read');
  const { rows } = await pool.query({ ...READ, values: [request.params.room, caller.userId] });
  return rows[0];
});

app.get('/rooms', async (request, reply) => {
  const caller = authenticate(request.headers.authorization);
  await limit(caller, 'read');
  const key = `necessary:rooms:${caller.userId}`;
  const values = [caller.userId];
  const [cached, { rows }] = await Promise.all([redis.get(key), pool.query({ ...LIST_VERSION, values })]);
  const { version } = rows[0];
  reply.type('application/json');
  if (cached?.startsWith(version)) return cached.slice(version.length);
  const body = JSON.stringify({ items: (await pool.query({ ...LIST, values })).rows });
  void redis.set(key, version + body, 'EX', 600);
  return body;
});

app.get('/health', () => ({}));

await app.listen({ port: Number(env['PORT']), host: '127.0.0.1' });
