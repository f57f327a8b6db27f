/** Listing, reading and sending: how many a second, what one costs, and how long it takes at a fixed rate. */
import { closedLoop, openLoop } from '../measure/load.mjs';
import { median, pick, quantile } from '../measure/numbers.mjs';
import { measured, perOperation } from '../measure/usage.mjs';

/** @import {HttpCall} from '../measure/load.mjs' */
/** @import {Usage} from '../measure/usage.mjs' */
/** @import {Side} from '../env/sides.mjs' */
/** @import {Column, Goal} from '../report/result.mjs' */
/** @import {Context} from './context.mjs' */

const CONNECTIONS = 16;

/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} title
 * @property {number} perSecond the fixed rate, far below what the slowest side can do
 * @property {(context: Context, side: Side) => HttpCall} next
 * @property {{total: number, postgres?: number}} goal of processor time, in milliseconds
 */

/** @type {Operation[]} */
const OPERATIONS = [
  {
    ...{ id: 'list', title: 'List', perSecond: 150, goal: { total: 0.25 } },
    next: ({ people }, side) => side.list(pick(people)),
  },
  {
    ...{ id: 'read', title: 'Read 50', perSecond: 100, goal: { total: 0.5 } },
    next: ({ people }, side) => side.read(pick(people)),
  },
  {
    ...{ id: 'send', title: 'Message with answer', perSecond: 50, goal: { total: 2.7, postgres: 1.1 } },
    next: ({ people }, side) => nextSend(people, side),
  },
];

/** @param {Context['people']} people @param {Side} side */
export function nextSend(people, side) {
  const person = pick(people);
  return side.send(person, pick(person.rooms.slice(1)), 'Why is the sky blue?');
}

/** @param {Context} context */
export async function benchRequests(context) {
  for (const operation of OPERATIONS) {
    context.note(`${operation.title}: ${CONNECTIONS} connections at full speed`);
    await benchFullSpeed(context, operation);
    context.note(`${operation.title}: ${operation.perSecond} a second`);
    await benchFixedRate(context, operation);
  }
}

/** @param {Context} context @param {Operation} operation */
async function benchFullSpeed(context, { id, title, next, goal }) {
  const { bench, options } = context;
  const runs = await context.inTurns(async (side) => {
    const load = { url: side.url, seconds: options.seconds, connections: CONNECTIONS };
    const { usage, result } = await measured(bench, side, async () => {
      const done = await closedLoop(load, () => next(context, side));
      await bench.drained(side);
      return done;
    });
    return { perSecond: result.perSecond, usage: perOperation(usage, result.sent) };
  });
  context.add({
    ...{ id: `${id}.rate`, title: `${title}, full speed`, unit: 'requests/s', better: 'more' },
    figures: figuresOf(runs, (run) => run.perSecond),
    goal: { of: 'ratio', limit: 0.8 },
  });
  const usages = Object.fromEntries(Object.entries(runs).map(([side, of]) => [side, of.map(({ usage }) => usage)]));
  addUsage(context, `${id}.full`, `${title}, full speed`, usages, goal);
}

/** @param {Context} context @param {Operation} operation */
async function benchFixedRate(context, { id, title, perSecond, next, goal }) {
  const { bench, options } = context;
  /** @type {Partial<Record<Column, {times: number[], usage: Usage}[]>>} */
  const runs = {};
  for (const side of context.sides) {
    const load = { url: side.url, seconds: 2 * options.seconds, perSecond };
    const { usage, result } = await measured(bench, side, async () => {
      const times = await openLoop(load, () => next(context, side));
      await bench.drained(side);
      return times;
    });
    runs[side.name] = [{ times: result, usage: perOperation(usage, result.length) }];
  }
  for (const [name, share] of /** @type {const} */ ([
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
  ])) {
    context.add({
      ...{ id: `${id}.${name}`, title: `${title}, ${perSecond}/s: ${name}`, unit: 'ms', better: 'less' },
      figures: figuresOf(runs, ({ times }) => quantile(times, share)),
    });
  }
  const usages = Object.fromEntries(Object.entries(runs).map(([side, of]) => [side, of.map(({ usage }) => usage)]));
  addUsage(context, `${id}.steady`, `${title}, ${perSecond}/s`, usages, goal);
}

/** @template T @param {Partial<Record<Column, T[]>>} runs @param {(run: T) => number} figure @returns {Partial<Record<Column, number>>} medians */
export function figuresOf(runs, figure) {
  return Object.fromEntries(Object.entries(runs).map(([column, of]) => [column, median(of.map(figure))]));
}

const PROCESSES = /** @type {const} */ ([
  ['api', 'API'],
  ['worker', 'worker'],
  ['postgres', 'PostgreSQL'],
  ['redis', 'Redis'],
]);

const COUNTS = /** @type {const} */ ([
  ['statements', 'PostgreSQL statements'],
  ['commands', 'Redis commands'],
  ['reads', "Redis' reads of sockets"],
  ['walBytes', 'WAL bytes'],
]);

/**
 * Rows of what one operation uses.
 *
 * @param {Context} context @param {string} id @param {string} title
 * @param {Partial<Record<Column, Usage[]>>} usages @param {{total?: number, postgres?: number}} goal
 */
export function addUsage(context, id, title, usages, goal) {
  const goalOf = (/** @type {number | undefined} */ limit) =>
    limit === undefined ? {} : { goal: /** @type {Goal} */ ({ of: 'product', limit }) };
  context.add({
    ...{ id: `${id}.cpu`, title: `${title}: processor time`, unit: 'ms', better: 'less' },
    figures: figuresOf(usages, (usage) => usage.total),
    ...goalOf(goal.total),
  });
  for (const [process, name] of PROCESSES) {
    context.add({
      ...{
        id: `${id}.cpu.${process}`,
        title: `${title}: of it ${name}`,
        unit: 'ms',
        better: 'less',
        group: `${id}.cpu`,
      },
      figures: figuresOf(usages, (usage) => usage[process]),
      ...(process === 'postgres' ? goalOf(goal.postgres) : {}),
    });
  }
  for (const [count, name] of COUNTS) {
    context.add({
      ...{ id: `${id}.${count}`, title: `${title}: ${name}`, unit: 'each', better: 'less' },
      figures: figuresOf(usages, (usage) => usage[count]),
    });
  }
}
