/** What is compared: three servers that do the same work, each with its own addresses. */
import { randomUUID } from 'node:crypto';

/** @import {HttpCall} from '../measure/load.mjs' */
/** @import {BenchEnv, Person} from './bench-env.mjs' */

/** @typedef {'product' | 'necessary' | 'bare'} SideName */

/**
 * @typedef {object} Side
 * @property {SideName} name
 * @property {string} url of its API
 * @property {number} apiPid
 * @property {number} workerPid
 * @property {(person: Person) => HttpCall} list
 * @property {(person: Person) => HttpCall} read 50 messages
 * @property {(person: Person, room: string, content: string) => HttpCall} send
 * @property {(replyId: string) => Promise<boolean>} isStored whether a reply has its end
 * @property {() => Promise<number>} unfinished how many replies have none, and jobs are left
 */

const json = { 'content-type': 'application/json' };
const bearer = (/** @type {Person} */ { token }) => ({ authorization: `Bearer ${token}` });

/** @param {BenchEnv} bench @param {string} sql @param {unknown[]} [values] @returns {Promise<number>} */
async function count(bench, sql, values = []) {
  const { rows } = await bench.database.query(`SELECT count(*)::int AS count FROM ${sql}`, values);
  return rows[0].count;
}

/** @param {BenchEnv} bench @param {{apiPid: number, workerPid: number, url: string}} running @returns {Side} */
export const productSide = (bench, running) => ({
  ...running,
  name: 'product',
  list: (person) => ({ path: '/chatroom', headers: bearer(person) }),
  read: (person) => ({ path: `/chatroom/${person.rooms[0]}`, headers: bearer(person) }),
  send: (person, room, content) => ({
    method: 'POST',
    path: `/chatroom/${room}/message`,
    headers: { ...json, ...bearer(person), 'idempotency-key': randomUUID() },
    body: JSON.stringify({ content }),
  }),
  isStored: async (id) => (await count(bench, 'message WHERE id = $1 AND completed_at IS NOT NULL', [id])) === 1,
  unfinished: async () =>
    (await count(bench, 'message WHERE completed_at IS NULL')) + (await waiting(bench, '{bull}:gemini-messages')),
});

/** @param {BenchEnv} bench @param {{apiPid: number, workerPid: number, url: string}} running @returns {Side} */
export const necessarySide = (bench, running) => ({
  ...running,
  name: 'necessary',
  list: (person) => ({ path: '/rooms', headers: bearer(person) }),
  read: (person) => ({ path: `/room/${person.rooms[0]}`, headers: bearer(person) }),
  send: (person, room, content) => ({
    method: 'POST',
    path: `/room/${room}/message`,
    headers: { ...json, ...bearer(person), 'idempotency-key': randomUUID() },
    body: JSON.stringify({ content }),
  }),
  isStored: async (id) =>
    (await count(bench, 'necessary_message WHERE id = $1 AND completed_at IS NOT NULL', [id])) === 1,
  unfinished: () => waiting(bench, 'bull:necessary'),
});

/** @param {BenchEnv} bench @param {{apiPid: number, workerPid: number, url: string}} running @returns {Side} */
export const bareSide = (bench, running) => ({
  ...running,
  name: 'bare',
  list: (person) => ({ path: `/rooms/${person.userId}` }),
  read: (person) => ({ path: `/room/${person.rooms[0]}` }),
  send: (person, room, content) => ({
    method: 'POST',
    path: `/room/${room}/message`,
    headers: { ...json },
    body: JSON.stringify({ content }),
  }),
  isStored: async (id) => (await count(bench, 'bare_message WHERE id = $1 AND done_at IS NOT NULL', [id])) === 1,
  unfinished: () => waiting(bench, 'bull:bare'),
});

/** The jobs of a queue of BullMQ that wait for a worker or are with one. @param {BenchEnv} bench @param {string} queue its keys' prefix */
async function waiting({ redis }, queue) {
  const counts = [redis.llen(`${queue}:wait`), redis.llen(`${queue}:active`), redis.zcard(`${queue}:prioritized`)];
  return (await Promise.all(counts)).reduce((sum, jobs) => sum + jobs, 0);
}
