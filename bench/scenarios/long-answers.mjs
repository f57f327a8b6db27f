/** What long answers cost, as multiples of their text. */
import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { eventLoopStallMs } from '../measure/event-loop.mjs';
import { answer } from '../measure/load.mjs';
import { measured } from '../measure/usage.mjs';

/** @import {Context} from './context.mjs' */

const CHUNK = 40;
const agent = new Agent({ keepAlive: true });

/** @typedef {{id: string, title: string, replies: number, bytes: number, perSecond: number}} Kind `perSecond`: pieces; 0 is as fast as possible */

/** @type {Kind[]} */
const KINDS = [
  { id: 'paced', title: '100 kB at 250 pieces/s', replies: 10, bytes: 100_000, perSecond: 250 },
  { id: 'megabyte', title: '1 MB at 1,000 pieces/s', replies: 2, bytes: 1_000_000, perSecond: 1_000 },
  { id: 'burst', title: '100 kB at once', replies: 20, bytes: 100_000, perSecond: 0 },
];

/** @param {Context} context */
export async function benchLongAnswers(context) {
  for (const kind of KINDS) {
    const replies = context.size(kind.replies, 1);
    context.note(`Long answers: ${replies} × ${kind.title}`);
    await benchKind(context, { ...kind, replies, bytes: context.size(kind.bytes, 4_000) });
  }
}

/** @param {Context} context @param {Kind} kind */
async function benchKind(context, { id, title, replies, bytes, perSecond }) {
  const { bench, people } = context;
  const side = bench.sides.product;
  const prompt = `Long answer ${id}`;
  // No compression makes it shorter than three quarters, so that what PostgreSQL writes is the text.
  const text = randomBytes(bytes).toString('base64').slice(0, bytes);
  await bench.answerTo(prompt, { text, tokensPerSecond: perSecond, chunkSize: CHUNK });
  await eventLoopStallMs(bench.workerOperations);
  const { usage, result } = await measured(bench, side, async () => {
    const sent = Array.from({ length: replies }, async (_, n) => {
      const person = people[n % people.length];
      const room = person?.rooms[1 + Math.floor(n / people.length)];
      if (person === undefined || room === undefined) throw new Error('There are too few rooms.');
      return JSON.parse(await answer(agent, side.url, side.send(person, room, prompt))).reply.id;
    });
    const ids = await Promise.all(sent);
    await bench.drained(side);
    return ids;
  });
  const stallMs = await eventLoopStallMs(bench.workerOperations);
  const stored = await bench.database.query(
    'SELECT sum(octet_length(content))::int AS sum FROM message WHERE id = ANY($1)',
    [result],
  );
  const whole = replies * bytes;
  if (stored.rows[0].sum !== whole) throw new Error(`${stored.rows[0].sum} of ${whole} bytes were stored.`);
  /** @type {(of: string, what: string, unit: string, figure: number, limit?: number) => void} */
  const add = (of, what, unit, figure, limit) =>
    context.add({
      ...{ id: `long.${id}.${of}`, title: `${title}: ${what}`, unit, better: 'less', figures: { product: figure } },
      ...(limit === undefined ? {} : { goal: { of: 'product', limit } }),
    });
  add('wal', 'WAL', '× text', usage.walBytes / whole, 3);
  add('redis', 'bytes to Redis', '× text', usage.redisBytes / whole, 2);
  add('worker', 'worker', 'ms/kB', usage.worker / (whole / 1_000));
  add('total', 'all processes', 'ms/kB', usage.total / (whole / 1_000));
  add('stall', "worker's longest stall", 'ms', stallMs);
}
