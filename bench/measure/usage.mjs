/** What a piece of work uses: processor time of each process, statements, commands and bytes. */
import { processorMs, treeProcessorMs } from './processor-time.mjs';

/** @import {BenchEnv} from '../env/bench-env.mjs' */
/** @import {Side} from '../env/sides.mjs' */

/**
 * @typedef {object} Usage
 * @property {number} api processor time in milliseconds, as the next three
 * @property {number} worker
 * @property {number} postgres of all its processes
 * @property {number} redis
 * @property {number} total the sum of these four
 * @property {number} statements executed by PostgreSQL, without those of the benchmark
 * @property {number} commands executed by Redis, those in scripts included
 * @property {number} reads how often Redis read from a socket: round trips, and pipelined commands count once
 * @property {number} redisBytes received by Redis
 * @property {number} walBytes written to PostgreSQL's write-ahead log
 */

/** @param {BenchEnv} bench @param {Side} side @returns {Promise<Usage>} used so far */
async function snapshot(bench, side) {
  const { rows } = await bench.database.query(
    `SELECT pg_current_wal_insert_lsn() - '0/0' AS wal,
            (SELECT sum(calls) FROM pg_stat_statements WHERE userid <> current_user::regrole) AS calls`,
  );
  const info = await bench.redis.info('all');
  const field = (/** @type {string} */ name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const commands = [...info.matchAll(/^cmdstat_\S+?:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  const api = processorMs(side.apiPid);
  const worker = processorMs(side.workerPid);
  const postgres = treeProcessorMs(bench.postgresPid);
  const redis = processorMs(bench.redisPid);
  return {
    ...{ api, worker, postgres, redis, total: api + worker + postgres + redis },
    statements: Number(rows[0].calls),
    commands,
    reads: field('total_reads_processed'),
    redisBytes: field('total_net_input_bytes'),
    walBytes: Number(rows[0].wal),
  };
}

/**
 * Does the work and says what it used, everything that happened meanwhile included.
 *
 * @template T
 * @param {BenchEnv} bench @param {Side} side @param {() => Promise<T>} work
 * @returns {Promise<{usage: Usage, result: T, seconds: number}>}
 */
export async function measured(bench, side, work) {
  const before = await snapshot(bench, side);
  const begun = performance.now();
  const result = await work();
  const seconds = (performance.now() - begun) / 1000;
  const after = await snapshot(bench, side);
  return { usage: combine(after, before, (a, b) => a - b), result, seconds };
}

/** @param {Usage} usage @param {number} operations @returns {Usage} of one operation */
export const perOperation = (usage, operations) => combine(usage, usage, (value) => value / operations);

/** @param {Usage} a @param {Usage} b @param {(a: number, b: number) => number} join @returns {Usage} */
function combine(a, b, join) {
  const names = /** @type {(keyof Usage)[]} */ (Object.keys(a));
  return /** @type {Usage} */ (Object.fromEntries(names.map((name) => [name, join(a[name], b[name])])));
}
