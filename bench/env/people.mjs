/** The users who are at work in a benchmark. */
import { v7 as uuidv7 } from 'uuid';

/** @import {BenchEnv, Person} from './bench-env.mjs' */

const TEXT = 'A message of about the length that people write to each other, which is short. ';
const MESSAGES = 50;
const AT_ONCE = 8;

/**
 * Creates users on Pro, each with the same rooms on all sides. The first room of each has fifty messages.
 *
 * @param {BenchEnv} bench @param {number} count @param {number} rooms
 * @returns {Promise<Person[]>}
 */
export async function createPeople(bench, count, rooms) {
  /** @type {Person[]} */
  const people = [];
  while (people.length < count) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - people.length) }, (_, n) => people.length + n);
    people.push(...(await Promise.all(group.map((n) => createPerson(bench, n, rooms)))));
  }
  await bench.database.query('VACUUM (ANALYZE)');
  return people;
}

/** @param {BenchEnv} bench @param {number} n @param {number} rooms @returns {Promise<Person>} */
async function createPerson(bench, n, rooms) {
  const { token, userId } = await logIn(bench, `+1415${String(2_000_000 + n)}`);
  await bench.database.query(
    `INSERT INTO subscription (user_id, stripe_customer_id, status, plan) VALUES ($1, $2, 'active', 'pro')`,
    [userId, `cus_${userId}`],
  );
  const opened = [];
  for (let i = 0; i < rooms; i++) {
    const { id } = await bench.call('POST', '/chatroom', { title: `Room ${i}` }, token);
    await bench.database.query('INSERT INTO necessary_room (id, user_id, title) VALUES ($1, $2, $3)', [
      ...[id, userId, `Room ${i}`],
    ]);
    opened.push(id);
  }
  await fill(bench, userId, opened[0]);
  const list = JSON.stringify(await bench.call('GET', '/chatroom', undefined, token));
  await bench.redis.set(`bare:rooms:${userId}`, list);
  return { token, userId, rooms: opened };
}

/** @param {BenchEnv} bench @param {string} phone */
export async function logIn(bench, phone, base = bench.product) {
  await bench.call('POST', '/auth/signup', { phone }, undefined, base);
  const { challengeId, otp } = await bench.call('POST', '/auth/send-otp', { phone }, undefined, base);
  const { accessToken, user } = await bench.call('POST', '/auth/verify-otp', { challengeId, otp }, undefined, base);
  return { token: /** @type {string} */ (accessToken), userId: /** @type {string} */ (user.id) };
}

/** Fifty messages in a room, on all sides. @param {BenchEnv} bench @param {string} userId @param {string | undefined} room */
async function fill({ database }, userId, room) {
  const ids = Array.from({ length: MESSAGES }, () => uuidv7());
  const values = [ids, room, TEXT];
  const numbered = 'unnest($1::uuid[]) WITH ORDINALITY AS row (id, n)';
  await database.query(
    `INSERT INTO message (id, user_id, chatroom_id, seq, role, status, content, created_at, completed_at)
     SELECT id, $4, $2, n, CASE n % 2 WHEN 1 THEN 'user' ELSE 'bot' END::message_role, 'completed', $3, now(), now()
     FROM ${numbered}`,
    [...values, userId],
  );
  await database.query('UPDATE chatroom SET last_seq = $2 WHERE id = $1', [room, MESSAGES]);
  await database.query(
    `INSERT INTO necessary_message (id, user_id, room_id, seq, role, status, content, completed_at)
     SELECT id, $4, $2, n, CASE n % 2 WHEN 1 THEN 'user' ELSE 'bot' END, 'completed', $3, now() FROM ${numbered}`,
    [...values, userId],
  );
  await database.query('UPDATE necessary_room SET last_seq = $2 WHERE id = $1', [room, MESSAGES]);
  await database.query(
    `INSERT INTO bare_message (id, room, role, content, done_at) SELECT id, $2, 'user', $3, now() FROM ${numbered}`,
    values,
  );
}
