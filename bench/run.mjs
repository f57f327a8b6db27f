/**
 * Measures the built product beside a bare baseline that does only the necessary, in rounds that take turns in the same
 * run, and prints ratios.
 */
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { BenchEnv } from './bench-env.mjs';
import { measureFirstToken, measureOpenStreams } from './streams.mjs';

/** @import {Person} from './bench-env.mjs' */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const SECONDS = Number(values.seconds);
const ROUNDS = Number(values.rounds);

/** @typedef {{product: number, baseline: number}} Pair */

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

/** @template T @param {T[]} items @returns {T} */
const pick = (items) => /** @type {T} */ (items[Math.floor(Math.random() * items.length)]);

/**
 * Requests per second under load.
 *
 * @param {string} url
 * @param {() => {method?: 'GET' | 'POST', path: string, headers?: Record<string, string>, body?: string}} next
 */
async function requestsPerSecond(url, next) {
  const result = await autocannon({
    url,
    connections: 32,
    duration: SECONDS,
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refused, ${result.errors} errors at ${url}`);
  return result.requests.average;
}

/** @param {string} title @param {() => Promise<number>} product @param {() => Promise<number>} baseline */
async function compare(title, product, baseline, better = 'more') {
  /** @type {Pair[]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push({ baseline: await baseline(), product: await product() });
  const [ours, bare] = [median(rounds.map((pair) => pair.product)), median(rounds.map((pair) => pair.baseline))];
  const ratio = better === 'more' ? ours / bare : bare / ours;
  report(title, ours.toFixed(1), bare.toFixed(1), ratio.toFixed(2));
}

/** @param {string[]} cells */
function report(...cells) {
  const [title = '', ...rest] = cells;
  console.log(title.padEnd(46), ...rest.map((cell) => cell.padStart(12)));
}

/** @param {BenchEnv} bench @param {Person[]} people */
async function benchRequests(bench, people) {
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ content: 'Why is the sky blue?' });
  const bearer = (/** @type {Person} */ person) => ({ authorization: `Bearer ${person.token}` });
  await compare(
    'Reading 50 messages, requests/s',
    () =>
      requestsPerSecond(bench.product, () => {
        const person = pick(people);
        return { path: `/chatroom/${person.rooms[0]}`, headers: bearer(person) };
      }),
    () => requestsPerSecond(bench.baseline, () => ({ path: `/room/${pick(people).rooms[0]}` })),
  );
  for (const person of people) {
    const list = JSON.stringify(await bench.call('GET', '/chatroom', undefined, person.token));
    await bench.redis.set(`baseline:rooms:${person.userId}`, list);
  }
  await compare(
    'Listing rooms, requests/s',
    () => requestsPerSecond(bench.product, () => ({ path: '/chatroom', headers: bearer(pick(people)) })),
    () => requestsPerSecond(bench.baseline, () => ({ path: `/rooms/${pick(people).userId}` })),
  );
  await compare(
    'Sending, requests/s (worker answering)',
    () =>
      requestsPerSecond(bench.product, () => {
        const person = pick(people);
        const path = `/chatroom/${pick(person.rooms.slice(1))}/message`;
        return { method: 'POST', path, headers: { ...json, ...bearer(person) }, body };
      }),
    () =>
      requestsPerSecond(bench.baseline, () => {
        const path = `/room/${pick(pick(people).rooms.slice(1))}/message`;
        return { method: 'POST', path, headers: json, body };
      }),
  );
  await drained(bench);
}

/** Waits until nothing is queued on either side. @param {BenchEnv} bench */
async function drained(bench) {
  for (;;) {
    const { rows } = await bench.database.query(
      `SELECT (SELECT count(*) FROM message WHERE status IN ('queued', 'generating'))
            + (SELECT count(*) FROM baseline_message WHERE role = 'bot' AND done_at IS NULL) AS open`,
    );
    if (Number(rows[0].open) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * Milliseconds from before the first send until the last answer is stored.
 *
 * @param {BenchEnv} bench @param {string[]} rooms @param {(room: string) => Promise<unknown>} send
 */
async function untilStored(bench, rooms, send) {
  const begun = performance.now();
  await Promise.all(rooms.map(send));
  await drained(bench);
  return performance.now() - begun;
}

/** @param {BenchEnv} bench @param {Person[]} people */
async function benchReplies(bench, people) {
  const one = pick(people);
  const product = (/** @type {string} */ content) => (/** @type {string} */ room) =>
    bench.call(
      'POST',
      `/chatroom/${room}/message`,
      { content },
      people.find(({ rooms }) => rooms.includes(room))?.token,
    );
  const baseline = (/** @type {string} */ content) => (/** @type {string} */ room) =>
    bench.call('POST', `/room/${room}/message`, { content }, undefined, bench.baseline);
  const latency = (/** @type {typeof product} */ side) => async () => {
    const times = [];
    for (let i = 0; i < 40; i++) times.push(await storedAfter(bench, () => side('Hi')(pick(one.rooms.slice(1)))));
    return median(times);
  };
  await compare('Accepted to stored, instant model, ms', latency(product), latency(baseline), 'less');

  await bench.call(
    'POST',
    '/control/gemini/rules',
    { match: { promptIs: 'One second' }, behaviours: [{ type: 'answer', latencyMs: 1_000 }] },
    undefined,
    bench.sandbox,
  );
  const rooms = people.flatMap((person) => person.rooms.slice(1)).slice(0, 400);
  const rate = (/** @type {typeof product} */ side) => async () =>
    (rooms.length / (await untilStored(bench, rooms, side('One second')))) * 1_000;
  await compare('Replies/s, 1 s model, concurrency 100', rate(product), rate(baseline));
}

/** @param {BenchEnv} bench @param {() => Promise<{reply: {id: string}}>} send */
async function storedAfter(bench, send) {
  const { reply } = await send();
  const accepted = performance.now();
  for (;;) {
    const { rows } = await bench.database.query(
      `SELECT 1 FROM message WHERE id = $1 AND completed_at IS NOT NULL
       UNION ALL SELECT 1 FROM baseline_message WHERE id = $1 AND done_at IS NOT NULL`,
      [reply.id],
    );
    if (rows.length > 0) return performance.now() - accepted;
  }
}

const bench = await BenchEnv.start();
try {
  const people = [];
  for (let i = 0; i < 20; i++) people.push(await bench.person(21));
  for (const person of people) await bench.fill(person.rooms[0] ?? '');
  report('', 'product', 'baseline', 'ratio');
  const wanted = (/** @type {string} */ part) => values.only === undefined || values.only === part;
  if (wanted('requests')) await benchRequests(bench, people);
  if (wanted('replies')) await benchReplies(bench, people);
  if (wanted('streams')) {
    const first = await measureFirstToken(bench, pick(people));
    report('First token, median ms (baseline: the sandbox)', first.product.toFixed(1), first.baseline.toFixed(1), '');
    report('  added by the product, ms', (first.product - first.baseline).toFixed(1));
    const streams = await measureOpenStreams(bench, people, 2_000);
    report('2,000 open streams: dropped', String(streams.dropped));
    report('  memory per stream, KiB', streams.kibPerStream.toFixed(1));
    report('  delay of an event, median / p99 ms', streams.medianMs.toFixed(1), streams.p99Ms.toFixed(1));
  }
} finally {
  await bench.stop();
}
