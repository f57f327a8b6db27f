/** Measures of streaming: how soon the first token comes, and what many open streams cost. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

/** @import {Person, BenchEnv} from './bench-env.mjs' */

/** @param {number[]} sorted @param {number} share */
const quantile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** @param {number[]} numbers */
const sort = (numbers) => [...numbers].sort((a, b) => a - b);

/**
 * Milliseconds until a response's body holds a text.
 *
 * @param {string} url @param {object} body @param {Record<string, string>} headers @param {string} text
 * @returns {Promise<number>}
 */
function untilText(url, body, headers, text) {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let seen = '';
        response.on('data', (chunk) => {
          seen += String(chunk);
          if (!seen.includes(text)) return;
          resolve(performance.now() - begun);
          response.destroy();
        });
        response.on('error', () => undefined);
        response.on('end', () => reject(new Error(`The stream ended without "${text}": ${seen.slice(0, 300)}`)));
      },
    );
    call.on('error', reject);
    call.end(JSON.stringify(body));
  });
}

/**
 * From the request to the first token: through the whole product (one call that sends and streams), and straight from the
 * sandbox's Gemini, in turns.
 *
 * @param {BenchEnv} bench @param {Person} person
 */
export async function measureFirstToken(bench, person) {
  /** @type {{product: number[], baseline: number[]}} */
  const times = { product: [], baseline: [] };
  const prompt = 'Hello [[behaviour:answer text=Firstword latencyMs=20]]';
  const gemini = `${bench.sandbox}/v1beta/models/gemini-flash-latest:streamGenerateContent?alt=sse`;
  for (let i = 0; i < 200; i++) {
    const room = person.rooms[1 + (i % (person.rooms.length - 1))];
    const contents = [{ role: 'user', parts: [{ text: prompt }] }];
    times.baseline.push(await untilText(gemini, { contents }, { 'x-goog-api-key': 'bench' }, 'Firstword'));
    const headers = { authorization: `Bearer ${person.token}`, 'idempotency-key': `first-token-${i}` };
    times.product.push(
      await untilText(`${bench.product}/chatroom/${room}/message/stream`, { content: prompt }, headers, '"Firstword'),
    );
  }
  return { product: quantile(sort(times.product), 0.5), baseline: quantile(sort(times.baseline), 0.5) };
}

/**
 * Opens many streams of one reply on one API process, and compares when each event reaches each of them.
 *
 * @param {BenchEnv} bench @param {Person[]} people @param {number} count
 */
export async function measureOpenStreams(bench, people, count) {
  const before = residentKib(bench.apiPid);
  const words = 20;
  const text = 'word '.repeat(words);
  const behaviour = { type: 'answer', text, latencyMs: 15_000, tokensPerSecond: 5, chunkSize: 5 };
  const rule = { match: { promptIs: 'Many readers' }, behaviours: [behaviour] };
  await bench.call('POST', '/control/gemini/rules', rule, undefined, bench.sandbox);
  const person = people[0];
  const room = person?.rooms[1] ?? '';
  const { reply } = await bench.call('POST', `/chatroom/${room}/message`, { content: 'Many readers' }, person?.token);
  /** @type {Map<string, number[]>} when each reader got the event of an id */
  const arrivals = new Map();
  let done = 0;
  const readers = Array.from({ length: count }, async () => {
    const response = await openStream(
      `${bench.product}/chatroom/${room}/message/${reply.id}/stream`,
      person?.token ?? '',
    );
    return async () => {
      for await (const chunk of response) {
        const now = performance.now();
        for (const [, id = ''] of String(chunk).matchAll(/^id: (\S+)$/gm))
          arrivals.set(id, [...(arrivals.get(id) ?? []), now]);
        if (String(chunk).includes('event: done')) done++;
      }
    };
  });
  const opened = await Promise.all(readers);
  const kibPerStream = (residentKib(bench.apiPid) - before) / count;
  await Promise.all(opened.map((read) => read()));
  // The first reader to have an event shows when it was there; the others' delay is what the fan-out costs.
  const delays = sort([...arrivals.values()].flatMap((times) => times.map((time) => time - Math.min(...times))));
  return { dropped: count - done, kibPerStream, medianMs: quantile(delays, 0.5), p99Ms: quantile(delays, 0.99) };
}

/** @param {string} url @param {string} token @returns {Promise<import('node:http').IncomingMessage>} once its headers are there */
function openStream(url, token) {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`A stream answered ${response.statusCode}`));
    });
    call.on('error', reject);
    call.end();
  });
}

/** What a process holds in memory (Linux). @param {number} pid */
function residentKib(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
