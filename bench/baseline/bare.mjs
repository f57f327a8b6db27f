/**
 * The "bare" baseline: the least code on the same libraries that takes a message and answers it, and promises nothing
 * (no login, validation, quota, idempotency, order, retries, limits or headers). An API and a worker in one process each.
 */
import { createServer } from 'node:http';
import { Queue, Worker } from 'bullmq';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

const env = /** @type {Record<string, string>} */ (process.env);
const pool = new pg.Pool({ connectionString: env['DATABASE_URL'], max: 20 });
const connection = {
  host: env['REDIS_HOST'],
  port: Number(env['REDIS_PORT']),
  db: Number(env['REDIS_DB']),
  maxRetriesPerRequest: null,
};
const QUEUE = 'bare';

const INSERT = {
  name: 'insert',
  text: `WITH question AS (INSERT INTO bare_message (id, room, role, content) VALUES ($1, $3, 'user', $4))
         INSERT INTO bare_message (id, room, role, content) VALUES ($2, $3, 'bot', '')`,
};
const LIST = {
  name: 'list',
  text: 'SELECT id, role, content, created_at FROM bare_message WHERE room = $1 ORDER BY id DESC LIMIT 50',
};
const STORE = { name: 'store', text: 'UPDATE bare_message SET content = $2, done_at = now() WHERE id = $1' };

async function startApi() {
  const redis = new Redis(connection);
  const queue = new Queue(QUEUE, { connection });
  const app = Fastify();
  app.post('/room/:room/message', async (request, reply) => {
    const { room } = /** @type {{room: string}} */ (request.params);
    const { content } = /** @type {{content: string}} */ (request.body);
    const [id, replyId] = [uuidv7(), uuidv7()];
    await pool.query({ ...INSERT, values: [id, replyId, room, content] });
    void queue.add('reply', { id: replyId, content }, { removeOnComplete: true, removeOnFail: true });
    return reply.code(202).send({ message: { id, content }, reply: { id: replyId } });
  });
  app.get('/room/:room', async (request) => {
    const { room } = /** @type {{room: string}} */ (request.params);
    return { items: (await pool.query({ ...LIST, values: [room] })).rows };
  });
  app.get('/rooms/:user', async (request, reply) => {
    const { user } = /** @type {{user: string}} */ (request.params);
    return reply.type('application/json').send(await redis.get(`bare:rooms:${user}`));
  });
  app.get('/health', () => ({}));
  await app.listen({ port: Number(env['PORT']), host: '127.0.0.1' });
}

async function startWorker() {
  const answer = async (/** @type {{data: {id: string, content: string}}} */ { data }) => {
    const response = await fetch(`${env['GEMINI_BASE_URL']}/v1beta/models/gemini-flash-latest:generateContent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-goog-api-key': 'bench' },
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: data.content }] }] }),
    });
    const { candidates } = /** @type {any} */ (await response.json());
    await pool.query({ ...STORE, values: [data.id, candidates[0].content.parts[0].text] });
  };
  await new Worker(QUEUE, answer, { connection, concurrency: Number(env['WORKER_CONCURRENCY']) }).waitUntilReady();
  createServer((_, response) => response.end('{}')).listen(Number(env['WORKER_HEALTH_PORT']), '127.0.0.1');
}

await (env['ROLE'] === 'api' ? startApi() : startWorker());
