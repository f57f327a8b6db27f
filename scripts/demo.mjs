/** `npm run demo`: a whole conversation with the product that `npm start` runs, told step by step. Uses nothing but Node. */
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { readSettings } from './local/settings.mjs';
import { requireNodeToBegin } from './node/pinned-node.mjs';

const QUESTIONS = ['Hello! Who are you, and what is your name?', 'And what did I ask you first?'];
const ANSWER_MS = 60_000;

/** @typedef {{id: string, content: string, status: string, error: {code: string} | null}} Message */

requireNodeToBegin();
const settings = readSettings();
const base = `http://localhost:${settings['PORT']}`;
let token = '';

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Response>} a successful one
 */
async function request(method, path, body) {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  step(
    `${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => `…${id.slice(-4)}`)}`,
    String(response.status),
  );
  if (!response.ok) throw new Error(`${method} ${path} was refused: ${await response.text()}`);
  return response;
}

/**
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<T>}
 */
const json = async (method, path, body) => /** @type {T} */ (await (await request(method, path, body)).json());

/** @param {string} what @param {string} outcome */
function step(what, outcome) {
  console.log(dim(`  ${what} → ${outcome}`));
}

/** @param {string} text */
const dim = (text) => (process.stdout.isTTY ? `\u001B[2m${text}\u001B[22m` : text);

/** Gemini takes its time by itself, and finds a title; the sandbox is told how. Where it doesn't run, nothing is lost. */
async function directSandbox() {
  const answer = { type: 'answer', chunkSize: 4, tokensPerSecond: 8 };
  const rules = [
    ...QUESTIONS.map((promptIs) => ({ match: { promptIs }, behaviours: [answer], times: 1 })),
    { match: { system: 'Name this conversation' }, behaviours: [{ type: 'answer', text: 'First words' }], times: 1 },
  ];
  for (const rule of rules) {
    await fetch(`http://localhost:${settings['SANDBOX_PORT']}/control/gemini/rules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rule),
      signal: AbortSignal.timeout(2_000),
    }).catch(() => undefined);
  }
}

async function logIn() {
  console.log('\nLogging in with a one-time code');
  const phone = `+1415555${randomInt(2000, 10_000)}`;
  await request('POST', '/auth/signup', { phone, name: 'Ada' });
  /** @type {{challengeId: string, otp?: string}} */
  const sent = await json('POST', '/auth/send-otp', { phone });
  const otp = sent.otp ?? (await ask(`  The code that was sent to ${phone}: `));
  /** @type {{accessToken: string}} */
  const session = await json('POST', '/auth/verify-otp', { challengeId: sent.challengeId, otp });
  token = session.accessToken;
}

/** @param {string} question */
async function ask(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

/**
 * Sends a message and prints the reply as it is written. Ctrl-C stops the reply, a second one the demo.
 *
 * @param {string} room @param {string} content
 * @returns {Promise<boolean>} false: it was stopped
 */
async function converse(room, content) {
  console.log(`\nAda: ${content}`);
  /** @type {{reply: Message}} */
  const { reply } = await json('POST', `/chatroom/${room}/message`, { content });
  const path = `/chatroom/${room}/message/${reply.id}`;
  const stop = () => {
    process.stdout.write('\n');
    request('POST', `${path}/cancel`).catch((/** @type {Error} */ error) => console.error(error.message));
  };
  process.once('SIGINT', stop);
  const last = await follow(await request('GET', `${path}/stream`)).finally(() => process.off('SIGINT', stop));
  process.stdout.write('\n');
  if (last.status !== 'completed' && last.status !== 'cancelled')
    throw new Error(`The reply ended "${last.status}" (${last.error?.code}).`);
  return last.status === 'completed';
}

/** Prints what is written. @param {Response} stream server-sent events @returns {Promise<Message>} the reply in its final state */
async function follow(stream) {
  process.stdout.write('Bot: ');
  let pending = '';
  for await (const chunk of (stream.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const events = (pending + chunk).split('\n\n');
    pending = events.pop() ?? '';
    for (const event of events) {
      const [, type] = /^event: ?(.*)$/m.exec(event) ?? [];
      const [, data = ''] = /^data: ?(.*)$/m.exec(event) ?? [];
      if (type === 'done') return JSON.parse(data);
      if (type === 'reset') process.stdout.write('\nBot: ');
      if (type === 'delta') process.stdout.write(JSON.parse(data).text);
    }
  }
  throw new Error('The stream ended too early.');
}

async function main() {
  const ready = await fetch(`${base}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  if (!ready?.ok) throw new Error(`Nothing is ready at ${base}. Run "npm start" in another terminal first.`);
  await directSandbox();
  await logIn();
  console.log('\nOpening a room. Ctrl-C stops an answer.');
  /** @type {{id: string}} */
  const { id: room } = await json('POST', '/chatroom', {});
  for (const question of QUESTIONS) {
    if (!(await converse(room, question))) break;
  }

  console.log('\nReading it all back, as it is stored');
  /** @type {{title: string | null, messages: (Message & {role: string})[]}} */
  const { title, messages } = await json('GET', `/chatroom/${room}`);
  console.log(`  "${title ?? 'Untitled'}"`);
  for (const { role, status, content } of messages) console.log(`  ${role.padEnd(4)} ${status.padEnd(9)} ${content}`);
  /** @type {{quota: {used: number, limit: number}}} */
  const { quota } = await json('GET', '/subscription/status');
  console.log(`\n${quota.used} of today's ${quota.limit} messages are used. Everything else: ${base}/docs`);
}

await main().catch((/** @type {Error} */ error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});
