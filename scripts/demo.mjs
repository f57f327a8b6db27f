/** `npm run demo`: a whole conversation with the product that `npm start` runs, told step by step. Uses nothing but Node. */
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { readSettings } from './local/settings.mjs';
import { requireNodeToBegin } from './node/pinned-node.mjs';

const QUESTIONS = ['Hello! Who are you, and what is your name?', 'And what did I ask you first?'];

/** @import {ChatClient, Fetch} from '@gemini-chat/client' */

requireNodeToBegin();
const settings = readSettings();
const base = `http://localhost:${settings['PORT']}`;

/** `fetch`, which also tells of each request. @type {Fetch} */
async function toldFetch(url, init) {
  const response = await fetch(url, init);
  const path = url.slice(base.length).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => `…${id.slice(-4)}`);
  step(`${init.method} ${path}`, String(response.status));
  return response;
}

/** As the build has made it: what is here has no package. @returns {Promise<ChatClient>} */
async function newClient() {
  /** @type {{createChatClient: typeof import('@gemini-chat/client').createChatClient}} */
  const { createChatClient } = await import(new URL('../dist/client/index.js', import.meta.url).href);
  return createChatClient({ baseUrl: base, fetch: toldFetch });
}

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

/** @param {ChatClient} chat */
async function logIn(chat) {
  console.log('\nLogging in with a one-time code');
  const challenge = await chat.auth.sendCode({ phone: `+1415555${randomInt(2000, 10_000)}`, name: 'Ada' });
  const otp = challenge.otp ?? (await ask(`  The code that was sent to ${challenge.phone}: `));
  await chat.auth.verify(challenge, otp);
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
 * Sends a message and prints the reply as it is written, whatever becomes of the connection. Ctrl-C stops the reply, a second one the demo.
 *
 * @param {ChatClient} chat @param {string} room @param {string} content
 * @returns {Promise<boolean>} false: it was stopped
 */
async function converse(chat, room, content) {
  console.log(`\nAda: ${content}`);
  const reply = chat.send(room, content);
  const stop = () => {
    process.stdout.write('\n');
    reply.stop().catch((/** @type {Error} */ error) => console.error(error.message));
  };
  process.once('SIGINT', stop);
  for await (const event of reply) {
    if (event.type === 'accepted') process.stdout.write('Bot: ');
    if (event.type === 'delta') process.stdout.write(event.text);
    if (event.type === 'reset') process.stdout.write('\nBot: ');
    if (event.type === 'reconnecting') process.stdout.write('\n');
  }
  process.off('SIGINT', stop);
  process.stdout.write('\n');
  const { status, error } = await reply.final();
  if (status !== 'completed' && status !== 'cancelled')
    throw new Error(`The reply ended "${status}" (${error?.code}).`);
  return status === 'completed';
}

async function main() {
  const ready = await fetch(`${base}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  if (!ready?.ok) throw new Error(`Nothing is ready at ${base}. Run "npm start" in another terminal first.`);
  await directSandbox();
  const chat = await newClient();
  await logIn(chat);
  console.log('\nOpening a room. Ctrl-C stops an answer.');
  const { id: room } = await chat.rooms.create();
  for (const question of QUESTIONS) {
    if (!(await converse(chat, room, question))) break;
  }

  console.log('\nReading it all back, as it is stored');
  const { title, messages } = await chat.rooms.get(room);
  console.log(`  "${title ?? 'Untitled'}"`);
  for (const { role, status, content } of messages) console.log(`  ${role.padEnd(4)} ${status.padEnd(9)} ${content}`);
  const { quota } = await chat.billing.status();
  console.log(`\n${quota.used} of today's ${quota.limit} messages are used. Everything else: ${base}/docs`);
}

await main().catch((/** @type {Error} */ error) => {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
});
