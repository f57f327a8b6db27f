/** Work in this clone that must not happen twice at once, by whatever processes. Uses nothing but Node. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../.data/locks/', import.meta.url));
const WAIT_MS = 15 * 60_000;

/**
 * Waits for its turn, then works.
 *
 * @template T
 * @param {string} name of the work
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(name, work) {
  const deadline = Date.now() + WAIT_MS;
  for (let owner = take(name); owner !== null; owner = take(name)) {
    if (Date.now() > deadline) throw new Error(`Process ${owner} has been busy with "${name}" for too long.`);
    await pause(100);
  }
  try {
    return await work();
  } finally {
    release(name);
  }
}

/**
 * Takes a lock for as long as this process lives, or until `release`.
 *
 * @param {string} name
 * @returns {number | null} the process that has it already; null if it is ours now
 */
export function take(name) {
  mkdirSync(FOLDER, { recursive: true });
  try {
    writeFileSync(`${FOLDER}${name}`, String(process.pid), { flag: 'wx' });
    return null;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const owner = ownerOf(name);
  if (owner !== null && isAlive(owner)) return owner;
  rmSync(`${FOLDER}${name}`, { force: true });
  return take(name);
}

/** Gives a lock back, if it is ours. @param {string} name */
export function release(name) {
  if (ownerOf(name) === process.pid) rmSync(`${FOLDER}${name}`, { force: true });
}

/** @param {string} name @returns {number | null} */
function ownerOf(name) {
  try {
    return Number(readFileSync(`${FOLDER}${name}`, 'utf8')) || null;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process is alive, too.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
