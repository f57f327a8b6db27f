/** Exclusive lock files for work in this clone that must not run twice at once, in whatever processes. Uses nothing but Node. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../.data/locks/', import.meta.url));
const WAIT_MS = 15 * 60_000;

/**
 * Waits for a lock, holds it during the work and releases it.
 *
 * @template T
 * @param {string} name of the work
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Error} when another process holds the lock for longer than a quarter of an hour
 */
export async function withLock(name, work) {
  const deadline = Date.now() + WAIT_MS;
  for (let holder = acquireLock(name); holder !== null; holder = acquireLock(name)) {
    if (Date.now() > deadline) throw new Error(`Process ${holder} has held the lock "${name}" for too long.`);
    await pause(100);
  }
  try {
    return await work();
  } finally {
    releaseLock(name);
  }
}

/**
 * Acquires a lock for as long as this process lives, or until `releaseLock`.
 *
 * @param {string} name
 * @returns {number | null} the process that holds it already; null if this process holds it now
 */
export function acquireLock(name) {
  mkdirSync(FOLDER, { recursive: true });
  try {
    writeFileSync(`${FOLDER}${name}`, String(process.pid), { flag: 'wx' });
    return null;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const holder = lockHolder(name);
  if (holder !== null) return holder;
  // Its process has died.
  rmSync(`${FOLDER}${name}`, { force: true });
  return acquireLock(name);
}

/** Releases a lock if this process holds it. @param {string} name */
export function releaseLock(name) {
  if (lockHolder(name) === process.pid) rmSync(`${FOLDER}${name}`, { force: true });
}

/** @param {string} name @returns {number | null} the living process that holds the lock */
export function lockHolder(name) {
  const pid = readPid(name);
  return pid !== null && isAlive(pid) ? pid : null;
}

/** @param {string} name @returns {number | null} */
function readPid(name) {
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
