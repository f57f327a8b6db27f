/**
 * Ends other processes when the one that started this ends. It learns of them on its standard input, whose end is the
 * sign: a pipe closes even if its other side is killed.
 *
 *   started PID SIGNAL   ended PID   remove FOLDER
 */
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const GRACE_MS = 10_000;

for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => undefined);

/** @type {Map<number, NodeJS.Signals>} */
const running = new Map();
/** @type {string[]} */
const folders = [];

for await (const line of createInterface({ input: process.stdin })) {
  const [event, subject = '', signal = 'SIGTERM'] = line.split(' ');
  if (event === 'started') running.set(Number(subject), /** @type {NodeJS.Signals} */ (signal));
  if (event === 'ended') running.delete(Number(subject));
  if (event === 'remove') folders.push(line.slice('remove '.length));
}

/** @param {number} pid @param {NodeJS.Signals | 0} signal @returns {boolean} whether there was such a process */
function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

for (const [pid, signal] of running) send(pid, signal);
const deadline = Date.now() + GRACE_MS;
while (Date.now() < deadline && [...running.keys()].some((pid) => send(pid, 0))) await pause(50);
// Each leads a group, so this reaches its own children too.
for (const pid of running.keys()) send(-pid, 'SIGKILL');
for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
