/** The two generators of load. */
import { request as httpRequest, Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import autocannon from 'autocannon';

/** @typedef {{method?: 'GET' | 'POST', path: string, headers?: Record<string, string>, body?: string}} HttpCall */

/**
 * Closed loop: each connection sends its next request when it has the last answer. It shows what a server can do at most, and
 * says little about waiting: the generator waits along.
 *
 * @param {{url: string, seconds: number, connections: number}} options
 * @param {() => HttpCall} next its headers are changed: autocannon adds the length of the body
 * @returns {Promise<{perSecond: number, sent: number}>}
 */
export async function closedLoop({ url, seconds, connections }, next) {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refused, ${result.errors} errors at ${url}`);
  return { perSecond: result['2xx'] / result.duration, sent: result.requests.sent };
}

/**
 * Open loop: requests begin at a fixed rate, whatever becomes of those before, as they do with many users. A request's time
 * counts from the moment at which it was due, so that a stall shows in all requests that it delayed.
 *
 * @param {{url: string, seconds: number, perSecond: number}} options
 * @param {() => HttpCall} next
 * @returns {Promise<number[]>} the milliseconds that each request took
 */
export async function openLoop({ url, seconds, perSecond }, next) {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const begun = performance.now();
  const calls = [];
  for (let n = 0; n < seconds * perSecond; n++) {
    const due = begun + (n * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await pause(early);
    calls.push(answer(agent, url, next()).then(() => performance.now() - due));
  }
  try {
    return await Promise.all(calls);
  } finally {
    agent.destroy();
  }
}

/**
 * Makes one request.
 *
 * @param {Agent} agent @param {string} url @param {HttpCall} call
 * @returns {Promise<string>} the body, once all of it is there
 * @throws {Error} when it is refused
 */
export function answer(agent, url, { method = 'GET', path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}${path}`, { agent, method, headers }, (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 0) < 300) resolve(text);
        else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
