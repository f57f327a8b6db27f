/** How much later the first word comes through a server than straight from the model. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { startSlowTls } from '../env/slow-tls.mjs';
import { pick, quantile } from '../measure/numbers.mjs';

/** @import {HttpCall} from '../measure/load.mjs' */
/** @import {Side} from '../env/sides.mjs' */
/** @import {Context} from './context.mjs' */

const WORD = 'Firstword';
const PROMPT = 'Hello';
const MODEL_PATH = '/v1beta/models/gemini-flash-latest:streamGenerateContent?alt=sse';
const ROUND_TRIP_MS = 40;

const nearAgent = new HttpAgent({ keepAlive: true });

/** @type {HttpCall} */
const DIRECT = {
  method: 'POST',
  path: MODEL_PATH,
  headers: { 'content-type': 'application/json', 'x-goog-api-key': 'bench' },
  body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: PROMPT }] }] }),
};

/** @param {Context} context */
export async function benchFirstWord(context) {
  await context.bench.answerTo(PROMPT, { text: WORD, latencyMs: 20 });
  context.note('First word: the model at hand');
  await benchNear(context);
  context.note(`First word: the model over TLS, ${ROUND_TRIP_MS} ms away`);
  await benchFar(context);
}

/** @param {Context} context */
async function benchNear(context) {
  const { bench } = context;
  const { product, necessary } = bench.sides;
  const direct = () => untilWord(bench.sandbox, nearAgent, DIRECT);
  /** @type {{direct: number[], product: number[], necessary: number[]}} */
  const times = { direct: [], product: [], necessary: [] };
  for (let i = 0; i < context.size(150, 3); i++) {
    times.direct.push(await direct());
    times.necessary.push(await untilWord(necessary.url, nearAgent, streamCall(context, necessary)));
    times.product.push(await untilWord(product.url, nearAgent, streamCall(context, product)));
  }
  addTimes(context, 'near', 'First word, 20 ms model', times, 8);
}

/** @param {Context} context */
async function benchFar(context) {
  const { bench } = context;
  const { product } = bench.sides;
  const far = await startSlowTls({ target: bench.sandbox, roundTripMs: ROUND_TRIP_MS, folder: bench.folder });
  const agent = new HttpsAgent({ keepAlive: true, ca: await readFile(far.ca) });
  try {
    await bench.replaceWorker({ GEMINI_BASE_URL: far.url, NODE_EXTRA_CA_CERTS: far.ca });
    for (const [id, silenceMs, count] of /** @type {const} */ ([
      ['busy', 0, context.size(20, 1)],
      ['silence', context.size(10_000, 100), context.size(3, 1)],
    ])) {
      /** @type {{direct: number[], product: number[]}} */
      const times = { direct: [], product: [] };
      // The first call of each opens its connection.
      for (let i = 0; i <= count; i++) {
        await pause(i === 0 ? 0 : silenceMs);
        const direct = await untilWord(far.url, agent, DIRECT);
        const through = await untilWord(product.url, nearAgent, streamCall(context, product));
        if (i === 0) continue;
        times.direct.push(direct);
        times.product.push(through);
      }
      const after = silenceMs === 0 ? '' : ', after 10 s of silence';
      addTimes(context, `far.${id}`, `First word, TLS, ${ROUND_TRIP_MS} ms away${after}`, times, 8);
    }
  } finally {
    await bench.replaceWorker({});
    agent.destroy();
    far.close();
  }
}

/**
 * @param {Context} context @param {string} id @param {string} title
 * @param {{direct: number[], product: number[], necessary?: number[]}} times @param {number} limit of what is added, in milliseconds
 */
function addTimes(context, id, title, { direct, product, necessary }, limit) {
  const middle = (/** @type {number[]} */ of) => quantile(of, 0.5);
  const known = {
    direct: middle(direct),
    product: middle(product),
    ...(necessary ? { necessary: middle(necessary) } : {}),
  };
  context.add({ id: `first.${id}`, title, unit: 'ms', better: 'less', figures: known });
  context.add({
    ...{ id: `first.${id}.added`, title: `${title}: added to a direct call`, unit: 'ms', better: 'less' },
    figures: {
      product: known.product - known.direct,
      ...(known.necessary === undefined ? {} : { necessary: known.necessary - known.direct }),
    },
    goal: { of: 'product', limit },
  });
}

/** @param {Context} context @param {Side} side @returns {HttpCall} */
function streamCall({ people }, side) {
  const person = pick(people);
  const call = side.send(person, pick(person.rooms.slice(1)), PROMPT);
  return { ...call, path: `${call.path}/stream` };
}

/**
 * Milliseconds until the answer's first word; the rest of the answer is read, so that the connection stays.
 *
 * @param {string} url @param {HttpAgent} agent @param {HttpCall} call
 * @returns {Promise<number>}
 */
function untilWord(url, agent, { method = 'GET', path, headers = {}, body }) {
  const begun = performance.now();
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method, headers }, (response) => {
      let seen = '';
      let found = Number.NaN;
      response.on('data', (chunk) => {
        seen += String(chunk);
        if (Number.isNaN(found) && seen.includes(WORD)) found = performance.now() - begun;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (Number.isNaN(found)) reject(new Error(`The stream ended without "${WORD}": ${seen.slice(0, 300)}`));
        else resolve(found);
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
