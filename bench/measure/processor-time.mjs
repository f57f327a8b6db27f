/** Processor time of processes, from Linux' /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** A clock tick of /proc/PID/stat in milliseconds: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** @param {string} path @returns {string} empty when the process or thread has ended meanwhile */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} folder @returns {string[]} */
function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The fields of /proc/PID/stat after the name, which may hold blanks. @param {string | number} pid */
function statOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/** Processor time of a process so far, summed over its threads, in milliseconds. @param {string | number} pid */
export function processorMs(pid) {
  let nanoseconds = 0;
  for (const thread of list(`/proc/${pid}/task`))
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0);
  return nanoseconds / 1e6;
}

/** What the ended children of a process took, in milliseconds. @param {number} pid */
function endedChildrenMs(pid) {
  const stat = statOf(pid);
  return ((stat[13] ?? 0) + (stat[14] ?? 0)) * TICK_MS;
}

/**
 * The same for a process with its children, those that have ended included: PostgreSQL has one for each connection.
 *
 * @param {number} pid
 */
export function treeProcessorMs(pid) {
  for (;;) {
    const ended = endedChildrenMs(pid);
    const children = list('/proc').filter((name) => /^\d+$/.test(name) && statOf(name)[1] === pid);
    const sum = children.reduce((total, child) => total + processorMs(child), processorMs(pid) + ended);
    // A child that ended meanwhile may be in neither of the two.
    if (endedChildrenMs(pid) === ended) return sum;
  }
}

/** What a process holds in memory, in KiB. @param {number} pid */
export function residentKib(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1]);
}
