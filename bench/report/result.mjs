/** A result: figures of one run, and of which machine they are. */
import { cpus, loadavg, totalmem } from 'node:os';
import { execa } from 'execa';

/** @import {BenchEnv} from '../env/bench-env.mjs' */
/** @import {SideName} from '../env/sides.mjs' */

/** `direct`: the model itself, without a server in between. @typedef {SideName | 'direct'} Column */

/** What is to be reached: by the product's figure, or by its ratio to the necessary baseline. @typedef {{of: 'product' | 'ratio', limit: number}} Goal */

/**
 * @typedef {object} Row
 * @property {string} id by which results are compared
 * @property {string} part
 * @property {string} title
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {Partial<Record<Column, number>>} figures
 * @property {string} [group] rows of one group are parts of a whole
 * @property {Goal} [goal]
 */

/** @typedef {Record<string, string | number | number[]>} Machine */
/** @typedef {{machine: Machine, options: Record<string, unknown>, rows: Row[]}} Result */

/** How good the product is beside the necessary baseline: 1 is as good, more is better. @param {Row} row @returns {number | null} */
export function ratioOf({ figures: { product, necessary }, better }) {
  if (product === undefined || necessary === undefined) return null;
  return better === 'more' ? product / necessary : necessary / product;
}

/** @param {Row} row @returns {boolean | null} whether the goal is met; null without a goal */
export function meetsGoal(row) {
  if (row.goal === undefined) return null;
  const { of, limit } = row.goal;
  const reached = of === 'ratio' ? ratioOf(row) : (row.figures.product ?? null);
  if (reached === null) return null;
  return of === 'ratio' || row.better === 'more' ? reached >= limit : reached <= limit;
}

/** @param {number} value */
export function format(value) {
  if (!Number.isFinite(value)) return '?';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param {BenchEnv} bench @returns {Promise<Machine>} */
export async function machineFacts(bench) {
  const { rows } = await bench.database.query("SELECT current_setting('server_version') AS version");
  const redis = /redis_version:(\S+)/.exec(await bench.redis.info('server'))?.[1] ?? '?';
  return {
    date: new Date().toISOString(),
    commit: await commit(),
    product: await lastChange('apps', 'libs', 'prisma', 'package-lock.json'),
    processor: cpus()[0]?.model.trim() ?? '?',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    postgresql: rows[0].version,
    redis,
    loadAtStart: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** The last commit that changed one of these. @param {...string} paths */
async function lastChange(...paths) {
  const { stdout } = await execa('git', ['log', '-1', '--format=%h', '--', ...paths], { reject: false });
  return stdout || 'unknown';
}

/** The commit, and whether the files differ from it. */
async function commit() {
  const git = (/** @type {string[]} */ ...args) => execa('git', args, { reject: false });
  const [{ stdout: hash, failed }, { stdout: changed }] = [
    await git('rev-parse', '--short', 'HEAD'),
    await git('status', '--porcelain', '--', 'apps', 'libs', 'prisma', 'scripts', 'bench', 'package-lock.json'),
  ];
  if (failed) return 'unknown';
  const ours = changed.split('\n').filter((line) => line !== '' && !line.includes('bench/results/'));
  return ours.length === 0 ? hash : `${hash} with changes`;
}
