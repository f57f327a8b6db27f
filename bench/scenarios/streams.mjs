/** What many open streams of one reply cost an API process, and when a word reaches all of them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { freshPorts } from '../env/environment.mjs';
import { closedLoop } from '../measure/load.mjs';
import { quantile } from '../measure/numbers.mjs';
import { processorMs, residentKib } from '../measure/processor-time.mjs';

/** @import {ChildProcess} from 'node:child_process' */
/** @import {Context} from './context.mjs' */

const READER = fileURLToPath(new URL('stream-reader.mjs', import.meta.url));
/** Each reading process has so many streams at most, so that it keeps up and has file descriptors enough. */
const PER_READER = 5_000;
const WORDS = 10;

/** @param {Context} context */
export const benchStreams = (context) => benchCount(context, context.size(2_000, 20));

/** @param {Context} context */
export const benchManyStreams = (context) => benchCount(context, context.size(10_000, 40));

/** @param {Context} context @param {number} count */
async function benchCount(context, count) {
  const { bench, people } = context;
  context.note(`${count.toLocaleString('en-US')} streams of one reply on one API process`);
  const { port, child: api } = await startApi(context);
  const pid = api.pid ?? 0;
  const [person] = people;
  if (person === undefined) throw new Error('There are no people.');
  const room = person.rooms[1];
  // Afterwards the space of young objects is as large as it gets, whoever fills it.
  const load = { url: `http://127.0.0.1:${port}`, seconds: context.size(3, 0.2), connections: 16 };
  await closedLoop(load, () => bench.sides.product.list(person));
  const before = residentKib(pid);
  const latencyMs = context.size(8_000 + 4 * count, 3_000);
  const prompt = `Many readers ${count}`;
  const perSecond = context.size(1, 10);
  await bench.answerTo(prompt, { text: 'word '.repeat(WORDS), latencyMs, tokensPerSecond: perSecond, chunkSize: 5 });
  const begun = performance.now();
  const { reply } = await bench.call('POST', `/chatroom/${room}/message`, { content: prompt }, person.token);
  const path = `/chatroom/${room}/message/${reply.id}/stream`;
  const readers = Array.from({ length: Math.ceil(count / PER_READER) }, () => fork(READER));
  try {
    const shares = readers.map((_, n) => Math.min(PER_READER, count - n * PER_READER));
    await Promise.all(
      readers.map((reader, n) => ask(reader, { host: '127.0.0.1', port, path, token: person.token, count: shares[n] })),
    );
    await pause(context.size(1_000, 100));
    if (performance.now() - begun > latencyMs) throw new Error('The words came before all streams were open.');
    const kib = (residentKib(pid) - before) / count;
    const cpu = processorMs(pid);
    await bench.drained(bench.sides.product);
    await pause(context.size(2_000, 200));
    const cpuPerEvent = (processorMs(pid) - cpu) / (count * (WORDS + 1));
    const reports = await Promise.all(readers.map((reader) => ask(reader, 'report')));
    addRows(context, count, { kib, cpuPerEvent, reports });
  } finally {
    for (const reader of readers) reader.kill();
    await api.stop();
  }
}

/** An API process of its own, so that nothing that happened before is in its memory. @param {Context} context */
async function startApi({ bench }) {
  const ports = await freshPorts();
  const child = await bench.startProduct('api', ports);
  await pause(1_000);
  return { child, port: Number(ports['PORT']) };
}

/** @param {ChildProcess} reader @param {unknown} message @returns {Promise<any>} its answer */
async function ask(reader, message) {
  reader.send(/** @type {import('node:child_process').Serializable} */ (message));
  const failed = once(reader, 'exit').then(() => Promise.reject(new Error('A reader of streams ended.')));
  const [answer] = await Promise.race([once(reader, 'message'), failed]);
  return answer;
}

/**
 * @param {Context} context @param {number} count
 * @param {{kib: number, cpuPerEvent: number, reports: {done: number, arrivals: [string, number[]][]}[]}} found
 */
function addRows(context, count, { kib, cpuPerEvent, reports }) {
  /** @type {Map<string, number[]>} */
  const arrivals = new Map();
  for (const [id, times] of reports.flatMap((report) => report.arrivals))
    arrivals.set(id, [...(arrivals.get(id) ?? []), ...times]);
  // The first reader to have a word shows when it was there; the others' delay is what the fan-out costs.
  const delays = [...arrivals].flatMap(([id, times]) => {
    const first = times.reduce((a, b) => Math.min(a, b), Infinity);
    return id.startsWith('done') ? [] : times.map((time) => time - first);
  });
  const name = `${count.toLocaleString('en-US')} streams`;
  const dropped = count - reports.reduce((sum, { done }) => sum + done, 0);
  /** @type {(id: string, what: string, unit: string, figure: number, limit?: number) => void} */
  const add = (id, what, unit, figure, limit) =>
    context.add({
      ...{
        id: `streams.${count}.${id}`,
        title: `${name}: ${what}`,
        unit,
        better: 'less',
        figures: { product: figure },
      },
      ...(limit === undefined ? {} : { goal: { of: 'product', limit } }),
    });
  add('dropped', 'without their end', 'streams', dropped, 0);
  add('memory', 'memory of one', 'KiB', kib, 20);
  add('p50', 'a word behind its first reader, p50', 'ms', quantile(delays, 0.5));
  add('p99', 'a word behind its first reader, p99', 'ms', quantile(delays, 0.99), 250);
  add('cpu', 'processor time of an event to one', 'ms', cpuPerEvent);
}
